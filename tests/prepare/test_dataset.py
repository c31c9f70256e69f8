import pytest

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import make_dataset

PART = {"period": ["2000-01-01", "2001-01-01"], "files": "raw/{variable}.nc"}


def spec(**changes):
    return {"name": "here", "source": "cesm", "parts": [PART], **changes}


def test_defaults_are_the_studys():
    dataset = make_dataset(spec())
    assert list(dataset.fields) == ["TMQ", "U850", "V850", "PSL"]
    assert (dataset.fields["U850"].interpolate, dataset.fields["U850"].level) == ("U", 85000.0)
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
        ({"source": "era"}, "source is .era.*; allowed: cesm, merra2"),
        ({"parts": []}, "parts is .*at least 1 item"),
        (
            {"parts": [{"period": ["2000-01-01", "2001-01-01"]}]},
            "lacks the key 'files'; required: period, files",
        ),
        (
            {"parts": [{**PART, "stamps": "beginning"}]},
            "stamps is .beginning.; allowed: start, end",
        ),
        (
            {"fields": {"TMQ": {"integral": "Q", "take": "Q"}}},
            r"fields\.TMQ\.integral is .*unknown key",
        ),
        ({"fields": {"TMQ": {"integrate": "Q", "take": "TMQ"}}}, r"fields\.TMQ"),
        ({"fields": {"U850": {"interpolate": "U"}}}, "goes with `to`"),
        ({"fields": {"PSL": {"take": "PSL", "to": 850}}}, "exclude each other .take, to"),
        ({"vertical": {"below": "extrapolate"}}, r"vertical\.below is .extrapolate."),
        ({"vertical": {"method": "cubic"}}, r"vertical\.method is .cubic.; allowed: log, linear"),
        ({"holes": "ignore"}, "holes is .ignore.; allowed: refuse, nearest"),
        (
            {"regrid": {"method": "cubic"}},
            r"regrid\.method is .cubic.; allowed: bilinear, conservative",
        ),
        ({"regrid": {"maker": "cdo"}}, r"regrid\.maker is .cdo."),
        ({"sampling": "first"}, "sampling is .first."),
        ({"missing_steps": "ignore"}, "missing_steps is .ignore."),
        ({"step_hours": 5}, "step_hours is 5: it does not divide a day"),
        (
            {"parts": [{**PART, "period": ["2001-01-01", "2000-01-01"]}]},
            r"parts\.0\.period is .* ends before",
        ),
        ({"fields": {"TMQ": {"files": "x.nc"}}}, r"fields\.TMQ is .* needs one of take, integrate"),
        ({"time": {"start": "1980-01-01"}}, "time lacks the key 'step_hours'"),
    ],
)
def test_mistakes_are_named(changes, message):
    with pytest.raises(BadInput, match=message):
        make_dataset(spec(**changes))


@pytest.mark.parametrize("moment", ["2000-02-31", "2001-04-31", "2000-13-01", "2000-01-01 24:00"])
def test_moments_that_no_calendar_has(moment):
    with pytest.raises(BadInput, match=f"{moment}.*no calendar has this moment"):
        make_dataset(spec(parts=[{**PART, "period": [moment, "2002-01-01"]}]))


def test_moments_of_other_calendars_and_writings():
    """30 February is one of 360_day; a T, a midnight and seconds change nothing."""
    for period, read in (
        (["2000-02-29", "2000-02-30"], ("2000-02-29", "2000-02-30")),
        (["2000-01-01T06:00:00", "2000-01-01 12:00"], ("2000-01-01 06:00", "2000-01-01 12:00")),
        (["2000-01-01 00:00", "2000-01-02T00:00"], ("2000-01-01", "2000-01-02")),
    ):
        assert make_dataset(spec(parts=[{**PART, "period": period}])).parts[0].period == read
    with pytest.raises(BadInput, match="is empty or ends before it starts"):
        make_dataset(spec(parts=[{**PART, "period": ["2000-01-01", "2000-01-01 00:00"]}]))


def test_clocks_are_read_before_any_job():
    clock = {"start": "{year}-02-30", "step_hours": 6}
    with pytest.raises(BadInput, match="'2000-02-30' is not a date of the standard calendar"):
        make_dataset(spec(time=clock))
    assert make_dataset(spec(time={**clock, "calendar": "360_day"})).time.step == 21600
    with pytest.raises(BadInput, match="'lunar' is none of CF's"):
        make_dataset(spec(time={**clock, "calendar": "lunar"}))
