"""The files of the ARTMIP catalogue that a study can make."""

import datetime

from stormtrace.errors import BadInput
from stormtrace.study.definition import Study

#: The class that the catalogue is of.
RIVER = "Atmospheric River"


def catalogued(study: Study) -> list[str]:
    """Return the experiments that are in the catalogue: those with rivers; all if none has any."""
    known = {name: study.classes_of(name) for name in study.shown}
    with_rivers = [name for name, one in known.items() if one is None or one.get(RIVER)]
    return with_rivers or list(study.shown)


def artmip_files(study: Study, experiment: str) -> list[str]:
    """Return the catalogue files of an experiment, one a year, named by the days they cover.

    Raises:
        BadInput: the experiment's detector has no class of atmospheric rivers.

    """
    classes = study.classes_of(experiment)
    if classes is not None and classes.get(RIVER) is None:
        kind, name = study.experiments[experiment].found_by
        raise BadInput(
            f"the experiment {experiment!r} cannot be in the ARTMIP catalogue: its {kind} {name!r} "
            f"has the labels {', '.join(classes.labels)}, none of which is {RIVER!r}; run without "
            "this experiment, or give its river class that name"
        )
    dataset, step = study.experiments[experiment].dataset, study.step_hours(experiment)
    return [
        study.at.artmip(
            experiment,
            f"{dataset}.ar_tag.Stormtrace.{step:g}hr.{'-'.join(days(study, experiment, year))}.nc",
        )
        for year in study.years(experiment)
    ]


def days(study: Study, experiment: str, year: str) -> tuple[str, str]:
    """Return the first and the last day of a year that an experiment is run on, as YYYYMMDD."""
    start, end = study.period(experiment, year)
    return start[:10].replace("-", ""), last_day(end).replace("-", "")


def last_day(end: str) -> str:
    """Return the last day before a period's end, which is not included.

    The day before the first of a month is the Gregorian calendar's last of the month before.

    >>> last_day("2001-01-01"), last_day("2000-09-01 12:00"), last_day("2000-02-30")
    ('2000-12-31', '2000-09-01', '2000-02-29')
    """
    if end[10:].strip(" T:0"):
        return end[:10]
    year, month, day = (int(part) for part in end[:10].split("-"))
    if day > 1:  # also where only the files' own calendar has the day
        return f"{year:04d}-{month:02d}-{day - 1:02d}"
    return (datetime.date(year, month, 1) - datetime.timedelta(days=1)).isoformat()
