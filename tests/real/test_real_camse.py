"""Our CAM-SE columns are those of real files: the same points, order and areas."""

import netCDF4
import numpy as np
import pytest

from real_data import real_data
from stormtrace.prepare.mesh import camse


@pytest.mark.parametrize(
    ("path", "ne", "names"),
    [
        ("cesm_ne30np4/ihesp14.TS.12mon.nc", 30, ("lon", "lat", "area")),
        ("cesm_ne30np4/camse_unstructured_grid.nc", 30, ("lon", "lat", None)),
        *[
            (f"grids/{file}", ne, ("grid_center_lon", "grid_center_lat", "grid_area"))
            for file, ne in [("ne30np4_091226_pentagons.nc", 30), ("ne4np4-pentagons.nc", 4)]
        ],
    ],
)
def test_columns_of_a_real_file(path: str, ne: int, names: tuple[str, str, str | None]) -> None:
    mesh = camse.columns(ne)
    with netCDF4.Dataset(real_data(path)) as file:
        lon, lat = (np.asarray(file[name][:], float) for name in names[:2])
        area = np.asarray(file[names[2]][:], float) if names[2] else None
    distance = camse.to_xyz(lon, lat) - camse.to_xyz(mesh.lon, mesh.lat)
    assert np.abs(distance).max() < 1e-14  # radians: the same points in the same order
    if area is not None:
        assert np.allclose(mesh.area, area, rtol=1e-14, atol=0)
