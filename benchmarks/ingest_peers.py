"""What users do today with the same files: geocat-comp, xarray, NCO, CDO, ESMF, cp."""

import json
import shutil
import tempfile
from pathlib import Path

from ingest_files import STEPS
from measuring import Cost, Row, measured, script

HERE = Path(__file__).resolve().parent

OPEN = """
import sys, xarray as xr
folder = sys.argv[1]
def opened(name):
    return xr.open_dataset(f"{folder}/case.cam.h3.{name}.2000010100Z-2000010121Z.nc")
q, ps = opened("Q").drop_vars("lev"), opened("PS").PS
"""

SINGLE_FIELDS = {
    ("U850", "geocat-comp interp_hybrid_to_pressure"): """
import geocat.comp as gc
u = opened("U")
gc.interp_hybrid_to_pressure(u.U.load(), ps.load(), u.hyam, u.hybm, p0=1e5, new_levels=[85000.0],
    lev_dim="lev", method="log", extrapolate=True, variable="other", t_bot=u.U.isel(lev=-1),
    phi_sfc=ps * 0).compute()
""",
    ("TMQ", "geocat-comp delta_pressure_hybrid"): """
import geocat.comp as gc
dp = gc.delta_pressure_hybrid(ps, q.hyai, q.hybi, p0=1e5)
dp = dp.rename({d: "lev" for d in dp.dims if d not in ("time", "ncol")})
((q.Q * dp).sum("lev") / 9.80616).load()
""",
    ("TMQ", "plain xarray"): """
p = q.hyai * 1e5 + q.hybi * ps
((q.Q * p.diff("ilev").rename(ilev="lev")).sum("lev") / 9.80616).load()
""",
}  # fmt: skip


def field_rows(python: str | None, day: Path, ours: dict[str, Cost]) -> list[Row]:
    """Time what peers offer for single fields."""
    rows = []
    for (field, name), code in SINGLE_FIELDS.items() if python else ():
        imports = [line for line in (OPEN + code).splitlines() if line.startswith("import")]
        idle = measured([python, "-c", "\n".join(imports)])
        cost = measured([python, "-c", OPEN + code, day])
        cost = Cost(cost.seconds - idle.seconds, cost.cpu - idle.cpu, cost.peak_mb)
        how = f"{name}; imports ({idle.seconds:.1f} s) left out"
        rows.append(Row(f"{field}, 8 steps, from the file", how, cost, ours[field]))
    return rows


def chain_rows(python: str | None, day: Path, work: Path, weights: Path, ours: Cost) -> list[Row]:
    """Time the day as it is done today: geocat-comp's fields, ncremap with a map, ncks to split."""
    if python is None or shutil.which("ncremap") is None:
        return []
    derived = measured([python, HERE / "ingest_chain.py", day, work / "fields.nc"])
    remap = measured(["ncremap", "-m", weights, work / "fields.nc", work / "grid.nc"])
    split = measured(["ncks", "-O", "-d", "time,0", work / "grid.nc", work / "s.nc"])
    parts = [derived, remap, *[split] * STEPS]
    peak = max(part.peak_mb or 0 for part in parts)
    total = Cost(sum(part.seconds for part in parts), sum(part.cpu for part in parts), peak)
    how = (
        f"geocat-comp {derived.seconds:.0f} s, ncremap {remap.seconds:.0f} s, ncks"
        f" {STEPS} × {split.seconds:.1f} s"
    )
    return [Row("a model day, files to files", how, total, ours)]


def split_rows(grid_file: Path, work: Path, ours: Cost) -> list[Row]:
    """Time the splitting of the day's fields on the grid into files of one step."""
    rows, what = [], "write a sample of 14 MB, page cache"
    if shutil.which("ncks") and grid_file.exists():
        cost = measured(["ncks", "-O", "-d", "time,0", grid_file, work / "one.nc"])
        rows.append(Row(what, "ncks, one step", cost, ours))
    if shutil.which("cdo") and grid_file.exists():
        cost = measured(["cdo", "-s", "splitsel,1", grid_file, work / "cdo"])
        each = Cost(cost.seconds / STEPS, cost.cpu / STEPS, cost.peak_mb)
        rows.append(
            Row(
                "write a sample of 14 MB, page cache", "cdo splitsel, 8 steps in one go", each, ours
            )
        )
    return rows


def map_rows(python: str | None, maps: dict[str, tuple[dict, Cost]], grid: dict) -> list[Row]:
    """Time CDO's conservative map, and ESMF's maps by our own script where `python` has esmpy."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        if shutil.which("cdo"):
            spec, ours = maps["conservative"]
            cost = measured(_cdo_map(Path(folder), spec["mesh"], grid))
            rows.append(Row("regridding matrix, conservative", "cdo gencon (YAC)", cost, ours))
        for method, (spec, ours) in maps.items() if python else ():
            flags = ("--maker", "esmpy", "--method", method)
            _, *command = script("make_regridding_matrix.py", *flags)
            command += ["--dataset", json.dumps(spec), "--grid", json.dumps(grid)]
            cost = measured([python, *command, "--output", Path(folder) / "map.nc"])
            rows.append(Row(f"regridding matrix, {method}", "ESMF, by maker: esmpy", cost, ours))
    return rows


def _cdo_map(folder: Path, cells: str, grid: dict) -> list[object]:
    nlat, nlon = grid["nlat"], grid["nlon"]
    text = (
        f"gridtype=lonlat\nxsize={nlon}\nysize={nlat}\nxfirst=0\nxinc={360 / nlon!r}\n"
        f"yfirst=-90\nyinc={180 / (nlat - 1)!r}\n"
    )
    (folder / "grid.txt").write_text(text)
    return [
        "cdo",
        "-s",
        "-P",
        "1",
        f"gencon,{folder}/grid.txt",
        f"-const,1,{cells}",
        folder / "cdo.nc",
    ]
