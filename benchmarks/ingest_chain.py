"""The fields of a day as they are computed today; bench_ingest.py runs it in the peers' Python."""

import sys

import geocat.comp
import xarray as xr

FOLDER, OUTPUT = sys.argv[1:]


def opened(name: str) -> xr.Dataset:
    """Open the file of one variable."""
    return xr.open_dataset(f"{FOLDER}/case.cam.h3.{name}.2000010100Z-2000010121Z.nc")


pressure = opened("PS").PS.load()
humidity = opened("Q")
interface = humidity.hyai * 1e5 + humidity.hybi * pressure
layers = interface.diff("ilev").rename(ilev="lev")
fields = {"TMQ": ((humidity.Q.drop_vars("lev") * layers).sum("lev") / 9.80616).astype("f4").load()}
for component in ("U", "V"):
    wind = opened(component)
    at_850 = geocat.comp.interp_hybrid_to_pressure(
        wind[component].load(), pressure, wind.hyam, wind.hybm, p0=1e5, new_levels=[85000.0],
        lev_dim="lev", method="log", extrapolate=True, variable="other",
        t_bot=wind[component].isel(lev=-1), phi_sfc=pressure * 0,
    )  # fmt: skip
    fields[f"{component}850"] = at_850.isel(plev=0, drop=True).astype("f4").compute()
fields["PSL"] = opened("PSL").PSL.load()
day = xr.Dataset(fields).assign_coords(lat=humidity.lat, lon=humidity.lon)
day.to_netcdf(OUTPUT)
