"""Real MERRA-2 moisture transport of 2017-02-28 00Z, as atmospheric rivers of one step."""

import netCDF4
import numpy as np
from scipy import ndimage

from real_data import real_data
from stormtrace.grids import Grid
from stormtrace.track.labelling import Labeller
from stormtrace.track.object_finding import ObjectTables


def test_objects_of_a_real_map_are_those_of_scipy_with_the_seam_closed():
    """IVT above 500 kg/m/s: pieces, cells, areas; longitudes begin at −180 and hold −5.9e-13."""
    with netCDF4.Dataset(real_data("merra2/IWV_IVT_MERRA_20170228_00.nc")) as file:
        grid = Grid(np.asarray(file["lat"][:], float), np.asarray(file["lon"][:], float))
        mask = np.where(np.ma.filled(file["IVT"][0], 0.0) > 500.0, 2, 0).astype(np.int8)
    assert grid.is_global
    columns = ObjectTables(grid).objects([Labeller(grid).step(mask)])

    labels, count = ndimage.label(mask, np.ones((3, 3)))
    names = np.arange(count + 1)
    for row in range(labels.shape[0]):
        for other in range(max(0, row - 1), min(labels.shape[0], row + 2)):
            a, b = names[labels[row, 0]], names[labels[other, -1]]
            if a and b:
                names[names == max(a, b)] = min(a, b)
    labels = names[labels]
    pieces = np.unique(labels[labels > 0])
    assert 20 < pieces.size == columns["pixels"].size
    area = np.broadcast_to(grid.row_area[:, None], labels.shape)
    expected = sorted(area[labels == piece].sum() for piece in pieces)
    np.testing.assert_allclose(np.sort(columns["area_km2"]), expected, rtol=1e-12)
    assert columns["pixels"].sum() == (mask > 0).sum()
    assert ((columns["lon"] >= -180) & (columns["lon"] < 180)).all()
    assert (columns["west"] <= columns["east"]).all()
    over_the_date_line = columns["east"] > 180.0
    assert over_the_date_line.any()  # a river crosses it in the Pacific that day
