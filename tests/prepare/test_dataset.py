import pytest

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import make_dataset

PART = {"period": ["2000-01-01", "2001-01-01"], "files": "raw/{variable}.nc"}


def spec(**changes):
    return {"name": "here", "source": "cesm", "parts": [PART], **changes}


def test_defaults_are_the_studys():
    dataset = make_dataset(spec())
    assert list(dataset.fields) == ["TMQ", "U850", "V850", "PSL"]
    assert (dataset.fields["U850"].kind, dataset.fields["U850"].level) == ("interpolate", 85000.0)
    assert (dataset.vertical.method, dataset.vertical.below) == ("log", "lowest")
    assert (dataset.step, dataset.sampling, dataset.holes) == (10800, "mean", "refuse")
    assert make_dataset(spec(source="merra2")).fields["PSL"].variable == "SLP"


def test_any_field_at_any_pressure():
    fields = {
        "Z500": {"interpolate": "Z3", "to": 500},
        "IVT": {"take": "IVT", "files": ["x/*.nc", "y/*.nc"]},
    }
    dataset = make_dataset(spec(fields=fields))
    assert dataset.fields["Z500"].level == 50000.0
    own = dataset.where(dataset.parts[0], dataset.fields["IVT"], "IVT")
    assert own.files == ("x/*.nc", "y/*.nc")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "era5"}, r"source 'era5' has no raw files; known: cesm, merra2"),
        ({"parts": []}, "needs the key parts"),
        ({"parts": [{"period": ["2000-01-01", "2001-01-01"]}]}, "needs the key files"),
        ({"parts": [{**PART, "stamps": "beginning"}]}, "stamps is 'beginning'; it can be start"),
        ({"fields": {"TMQ": {"sum": "Q"}}}, r"fields\.TMQ is .* needs one of integrate"),
        ({"fields": {"TMQ": {"integrate": "Q", "take": "TMQ"}}}, r"fields\.TMQ"),
        ({"fields": {"U850": {"interpolate": "U"}}}, "goes with `to`"),
        ({"fields": {"PSL": {"take": "PSL", "to": 850}}}, "goes with `to`"),
        ({"vertical": {"below": "extrapolate"}}, r"vertical\.below is 'extrapolate'"),
        ({"vertical": {"method": "cubic"}}, r"vertical\.method is 'cubic'; it can be log, linear"),
        ({"holes": "ignore"}, "holes is 'ignore'; it can be refuse, nearest"),
        (
            {"regrid": {"method": "cubic"}},
            r"regrid\.method is 'cubic'; it can be bilinear, conservative",
        ),
        ({"regrid": {"maker": "cdo"}}, r"regrid\.maker is 'cdo'"),
        ({"sampling": "first"}, "sampling is 'first'"),
        ({"missing_steps": "ignore"}, "missing_steps is 'ignore'"),
        ({"time": {"start": "1980-01-01"}}, "needs the key step_hours"),
    ],
)
def test_mistakes_are_named(changes, message):
    with pytest.raises(BadInput, match=message):
        make_dataset(spec(**changes))
