"""Pressures, integrals and interpolation against what the models themselves wrote."""

import netCDF4
import numpy as np
import pytest

from real_data import real_data
from stormtrace.formats.netcdf import open_raw
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.raw.coordinate import read_coordinate
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.vertical import (
    GRAVITY,
    HybridLevels,
    bracket_hybrid,
    bracket_pressures,
    integrate_layers,
)


def levels_of(path):
    with open_raw(path) as file:
        names = ("hyam", "hybm", "hyai", "hybi", "P0")
        *coefficients, p0 = (
            np.asarray(file[name][...], np.float64) if name in file.variables else None
            for name in names
        )
        return HybridLevels(*coefficients, p0=100000.0 if p0 is None else float(p0))


def test_mid_pressures_are_e3sms():
    levels = levels_of(real_data("e3sm_ne4pg2/E3SM-MMF_ne4_grid-info.nc"))
    for time in ("00000", "01200", "02400"):
        with open_raw(real_data(f"e3sm_ne4pg2/E3SM-MMF.mli.0010-01-01-{time}.nc")) as file:
            own = levels.mid_pressure(file["state_ps"][:])
            np.testing.assert_allclose(own, file["state_pmid"][:], rtol=1e-7)


def test_levels_without_a_coordinate_are_placed_by_a_word():
    """Raw E3SM-MMF has no hyam and no lev; both are in another file."""
    information = real_data("e3sm_ne4pg2/E3SM-MMF_ne4_grid-info.nc")
    path = real_data("e3sm_ne4pg2/E3SM-MMF.mli.0010-01-01-00000.nc")
    made = make_dataset(
        {
            "source": "e3sm",
            "parts": [{"period": ["0010-01-01", "0010-01-02"], "files": str(path)}],
            "names": {"surface_pressure": "state_ps"},
            "vertical": {"coefficients": str(information), "first_level": "top"},
            "fields": {"TMQ": {"integrate": "state_q0001"}},
        }
    )
    with open_raw_file(str(path)) as opened:
        levels = read_coordinate(opened, "state_q0001", made).levels
    with open_raw(path) as file:
        own = levels.mid_pressure(file["state_ps"][:])
        np.testing.assert_allclose(own, file["state_pmid"][:], rtol=1e-7)


def test_mid_pressures_are_cam6s():
    path = real_data("cam6_column/scam_gateIII_215_YOG_testing.cam.h2.1974-08-30-00000.nc")
    with open_raw(path) as file:
        own = levels_of(path).mid_pressure(file["PS"][:]).swapaxes(0, 1)
        np.testing.assert_allclose(own, file["PMID"][:], rtol=1e-7)


def test_layer_mass_is_another_teams():
    """dp/g of 384 columns, (60, 384), whose surface pressure is not told.

    It follows from the whole column, ps = p(top) + g Σ dp/g; then all 60 layers must agree.
    """
    levels = levels_of(real_data("e3sm_ne4pg2/E3SM-MMF_ne4_grid-info.nc"))
    theirs = np.load(real_data("e3sm_ne4pg2/ne4.val-stride-6.dp-over-g.npy"))
    ps = levels.a_interface[0] * levels.p0 + GRAVITY * theirs.sum(axis=0)
    np.testing.assert_allclose(levels.layer_mass(ps), theirs, rtol=1e-12)


@pytest.mark.parametrize(
    ("water", "path", "bound"), [("CLDLIQ", "TGCLDLWP", 2e-5), ("CLDICE", "TGCLDIWP", 1e-4)]
)
def test_integral_is_eams_own(water, path, bound):
    """The model's own column integral of cloud water: the same sum as that of vapour, TMQ."""
    where = real_data("eam_columns/EMC2_demo_EAMv1_Freerun.2012-10-31.nc")
    suffix = "_155w_to_158w_70n_to_73n"
    levels = levels_of(where)
    with open_raw(where) as file:
        values, ps = file[water + suffix][:], file["PS" + suffix][:]
        own = np.stack(
            [levels.integrate(row, surface) for row, surface in zip(values, ps, strict=True)]
        )
        model = file[path + suffix][:]
    wet = model > 0.01 * model.max()
    np.testing.assert_allclose(own[wet], model[wet], rtol=bound)


def test_recipe_finds_eams_regional_columns():
    """Names with a suffix are only names: the whole chain integrates them (24 hourly instants)."""
    where = real_data("eam_columns/EMC2_demo_EAMv1_Freerun.2012-10-31.nc")
    suffix = "_155w_to_158w_70n_to_73n"
    spec = {
        "name": "eam",
        "source": "cesm",
        "parts": [{"period": ["2012-10-31", "2012-11-01"], "files": str(where)}],
        "fields": {
            "LWP": {"integrate": f"CLDLIQ{suffix}"},
            "MODEL": {"take": f"TGCLDLWP{suffix}"},
        },
        "names": {"surface_pressure": f"PS{suffix}"},
        "step_hours": 1,
    }
    dataset = make_dataset(spec)
    (plan,) = make_plans(dataset, 2012)
    (block,) = derive_blocks(dataset, plan, dataset_mesh(dataset), 24)
    lwp, model = block.fields["LWP"], block.fields["MODEL"]
    wet = model > 0.01 * model.max()
    np.testing.assert_allclose(lwp[wet], model[wet], rtol=2e-5)


def test_wind_on_pressure_levels_is_cesms():
    """The CESM pair: linear in p, missing below the lowest mid-level; 31 of 89 faces at 850 hPa."""
    path = real_data("cesm_hybrid_plev/hybrid_subset.nc")
    levels = levels_of(path)
    with open_raw(path) as file, open_raw(real_data("cesm_hybrid_plev/plev_subset.nc")) as other:
        wind, ps = file["V"][0].astype(np.float64), file["PS"][0].astype(np.float64)
        for index, target in enumerate(np.asarray(other["plev"][:], np.float64)):
            bracket = bracket_hybrid(levels, ps, float(target), "linear", "nan")
            own = bracket.apply(wind[bracket.first : bracket.last])
            truth = np.asarray(other["V"][0, index])
            np.testing.assert_array_equal(np.isnan(own), np.isnan(truth))
            valid = ~np.isnan(truth)
            np.testing.assert_allclose(own[valid], truth[valid], atol=1e-6)
            if target == 85000:
                assert valid.sum() == 31 and own[valid].mean() == pytest.approx(-1.51857, abs=1e-5)


def test_merra2_model_levels():
    """On 14 of 72 levels the integral of QV is coarse: 1.009 of TQV at the median (README)."""
    with netCDF4.Dataset(real_data("merra2/MERRA_pres_20200330.nc4")) as file:
        pressure = file["PL"][0].filled(np.nan).reshape(14, -1)[::-1]
        humidity = file["QV"][0].filled(np.nan).reshape(14, -1)[::-1]
        wind = file["U"][0].filled(np.nan).reshape(14, -1)[::-1]
    with netCDF4.Dataset(real_data("merra2/MERRA2_sfc_20200330.nc4")) as file:
        tqv = file["TQV"][0].filled(np.nan).ravel()
        ps = file["PS"][0].filled(np.nan).ravel()
    middle = (pressure[1:] + pressure[:-1]) / 2
    interface = np.vstack([pressure[:1] - (middle[:1] - pressure[:1]), middle, ps[None]])
    ratio = integrate_layers(humidity, np.diff(interface, axis=0)) / tqv
    assert np.median(ratio) == pytest.approx(1.009, abs=0.001)

    bracket = bracket_pressures(pressure, 85000.0, "log", "lowest")
    own = bracket.apply(np.ascontiguousarray(wind[bracket.first : bracket.last]))
    inside = pressure[-1] >= 85000
    expected = [
        np.interp(np.log(85000.0), np.log(p), u) for p, u in zip(pressure.T, wind.T, strict=True)
    ]
    np.testing.assert_allclose(own[inside], np.array(expected)[inside], atol=1e-4)
    np.testing.assert_array_equal(own[~inside], wind[-1, ~inside])
