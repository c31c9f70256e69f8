"""Names of labelled samples: three forms of one layout, understood in one place.

    data-YYYY-MM-DD-RR-S_K.nc   as ClimateNet is released: run RR, step S, labelling K from 0
    data-YYYY-MM-DD-NN-K.nc     step NN, labelling K
    data-YYYY-MM-DD-RR-S.nc     run RR, step S, of the only (or the first) labelling

The last two look alike. Where a name with _K is in the folder, plain names end in a step; else what
is inside decides: labellings of one time share its text, or at least its weather, steps do not.
"""

import re
from collections.abc import Callable, Collection, Iterable

#: The forms, for messages.
FORMS = "data-YYYY-MM-DD-RR-S_K.nc or data-YYYY-MM-DD-NN-K.nc, K the labelling"

_NAME = re.compile(
    r"(?!\.).*?(?P<first>\d{4}-\d{2}-\d{2}-\d+)-(?P<second>\d+)(?:_(?P<labelling>\d+))?\.nc"
)

#: ISO 8601: a date; or a date, T or a blank, and an hour or more of its clock, in UTC.
_ISO = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<hour>[01]\d|2[0-3])(?::[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)?(?:Z|\+00:00)?)?"
)


def read_name(name: str, ends_in_step: bool) -> tuple[str, int] | None:
    """Return the time and the labelling that a file is named for; None for other names.

    ends_in_step: what the last number of a name without _K is (`plain_names_end_in_a_step`).

    >>> read_name("data-1996-06-09-01-1_0.nc", True)
    ('1996-06-09-01-1', 0)
    >>> read_name("data-2001-05-14-00-2.nc", True), read_name("data-2001-05-14-00-2.nc", False)
    (('2001-05-14-00-2', 0), ('2001-05-14-00', 2))
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    first, second, labelling = match["first"], match["second"], match["labelling"]
    if labelling is None and not ends_in_step:
        return first, int(second)
    return f"{first}-{second}", int(labelling or 0)


def plain_names_end_in_a_step(
    names: Collection[str],
    time_inside: Callable[[str], str | None],
    weather: Callable[[str], str | None],
) -> bool:
    """Return whether names without _K end in a step, else in a labelling.

    time_inside, weather: the time in a file, and a digest of its fields, by its name; None if it
    cannot be read. They are asked only where names alone do not tell: of files without _K that
    share all but the last number.
    """
    matches = {name: match for name in sorted(names) if (match := _NAME.fullmatch(name))}
    if any(match["labelling"] for match in matches.values()):
        return True
    groups: dict[str, list[str]] = {}
    for name, match in matches.items():
        groups.setdefault(match["first"], []).append(name)
    for group in groups.values():
        texts = [time_inside(name) for name in group]
        if len(group) > 1 and (_differ(texts) or any(map(_is_date, texts))):
            return _differ(map(weather, group))
    return False


def _is_date(text: str | None) -> bool:
    """Whether a text is a date without an hour, which all steps of a day share."""
    match = _ISO.fullmatch(text or "")
    return match is not None and match["hour"] is None


def _differ(found: Iterable[str | None]) -> bool:
    return len({one for one in found if one is not None}) > 1


def same_time(text: str, time: str) -> bool:
    """Whether the text inside a file is of the time its name has; labellings of a time share it.

    The text is such a name, or a date of ISO 8601 with or without an hour. What hour a step is, no
    name says: of an ISO time the date alone is compared.

    >>> same_time("data-1996-06-09-01-1.nc", "1996-06-09-01-1")
    True
    >>> same_time("data-2011-06-01-01-1", "2011-06-01-01")
    True
    >>> [same_time(text, "1996-06-09-01-1") for text in ("1996-06-09T03:00:00Z", "1996-06-10")]
    [True, False]
    """
    if (iso := _ISO.fullmatch(text)) is not None:
        return iso["date"] == time[:10]
    name = text if text.endswith(".nc") else f"{text}.nc"
    readings = (read_name(name, ends_in_step) for ends_in_step in (True, False))
    return any(read is not None and read[0] == time for read in readings)
