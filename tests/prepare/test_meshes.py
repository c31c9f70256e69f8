import netCDF4
import numpy as np
import pytest

from mock_raw import MESH, Cesm, Merra2
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.camse import camse_elements
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.mesh.meshes import Mesh, cured_longitude, mesh_of_grid

ORDER = np.random.default_rng(3).permutation(MESH.ncol)


def test_longitudes_are_cured():
    lon = np.array([-180.0, -0.625, -5.9e-13, 0.0, 359.9999999999994, 360.0, 540.0])
    np.testing.assert_array_equal(cured_longitude(lon), [180, 359.375, 0, 0, 0, 0, 180])


def test_merra2_axes(tmp_path):
    raw = Merra2(tmp_path)
    raw.write({"TQV": np.ones((24, 19, 36))})
    mesh = dataset_mesh(make_dataset(raw.spec(fields={"TMQ": {"take": "TQV"}})))
    assert mesh.shape == (19, 36) and mesh.axes is not None
    assert mesh.axes[1][18] == 0.0 and mesh.axes[1][0] == 180.0
    assert mesh.place(18) == "-90.00N 0.00E"


@pytest.mark.parametrize("digits", [15, 4])
def test_camse_is_recognised_in_any_order(digits):
    """Also with coordinates in single precision."""
    lat, lon = (np.round(x[ORDER], digits) for x in (MESH.lat, MESH.lon))
    found = camse_elements(Mesh(lat, cured_longitude(lon), lat.shape))
    assert found is not None and found.ne == 4
    np.testing.assert_array_equal(ORDER[found.lattice], MESH.lattice)


def test_other_points_of_that_number_are_not_camse():
    lat = MESH.lat.copy()
    lat[17] += 0.01
    assert camse_elements(Mesh(lat, MESH.lon, lat.shape)) is None
    turned = cured_longitude(MESH.lon + 10.0)
    assert camse_elements(Mesh(MESH.lat, turned, lat.shape)) is None
    doubled = MESH.lat.copy(), MESH.lon.copy()
    for each in doubled:
        each[5] = each[6]
    assert camse_elements(Mesh(*doubled, lat.shape)) is None
    assert camse_elements(mesh_of_grid(make_grid({"nlat": 20, "nlon": 36}))) is None


def test_ne120_has_its_columns():
    assert camse.elements_along_edge(777602) == 120


def test_points_need_coordinates(tmp_path):
    raw = Cesm(tmp_path)
    path = raw.write("PSL")
    with netCDF4.Dataset(path, "a") as file:
        file.renameVariable("lat", "breite")
        file["breite"].units = "1"
    spec = raw.spec(fields={"PSL": {"take": "PSL"}})
    with pytest.raises(BadInput, match="no latitudes and longitudes"):
        dataset_mesh(make_dataset(spec))
    named = make_dataset({**spec, "names": {"lat": "breite"}})
    np.testing.assert_array_equal(dataset_mesh(named).lat, MESH.lat)
    with pytest.raises(BadInput, match=r"no latitude, the variable given with `names\.lat`"):
        dataset_mesh(make_dataset({**spec, "names": {"lat": "latitude"}}))


def test_coordinates_that_are_fill_values(tmp_path):
    raw = Cesm(tmp_path, lat=np.where(np.arange(MESH.ncol) < 3, 9.97e36, MESH.lat))
    raw.write("PSL", values=np.ones((8, MESH.ncol)))
    with pytest.raises(BadInput, match="lat has 3 of 866 values that are no coordinate"):
        dataset_mesh(make_dataset(raw.spec(fields={"PSL": {"take": "PSL"}})))
