"""Periods, [first moment, first no longer in it], as ISO dates (and times) that compare as text."""

from collections.abc import Iterable, Sequence


def years_of(periods: Iterable[Sequence[str]]) -> list[str]:
    """Return the years that `periods` touch, sorted, four digits each.

    >>> years_of([["2000-12-22", "2001-01-11"], ["2005-01-01", "2006-01-01"]])
    ['2000', '2001', '2005']
    """
    years: set[int] = set()
    for start, end in periods:
        last = int(end[:4]) - _starts_year(end)
        years.update(range(int(start[:4]), last + 1))
    return [f"{year:04d}" for year in sorted(years)]


def clip(period: Sequence[str], year: str) -> list[str] | None:
    """Return the part of `period` that lies in `year`, or None.

    >>> clip(["2000-12-22", "2015-01-01"], "2000")
    ['2000-12-22', '2001-01-01']
    """
    return common(period, [f"{year}-01-01", f"{int(year) + 1:04d}-01-01"])


def common(first: Sequence[str], second: Sequence[str]) -> list[str] | None:
    """Return what two periods have in common, or None.

    >>> common(["2000-01-01", "2002-01-01"], ["2000-06-01", "2000-09-01"])
    ['2000-06-01', '2000-09-01']
    """
    start, end = max(first[0], second[0]), min(first[1], second[1])
    return [start, end] if start < end else None


def _starts_year(moment: str) -> bool:
    return moment[5:10] == "01-01" and not moment[10:].strip(" T:0")


def months_of(periods: Iterable[Sequence[str]]) -> set[int]:
    """Return the calendar months (1 … 12) that periods have some of.

    >>> sorted(months_of([["2000-12-22", "2001-02-01"]]))
    [1, 12]
    """
    return {
        month
        for period in periods
        for year in years_of([period])
        for month in range(1, 13)
        if has_month(period, f"{year}-{month:02d}")
    }


def has_time(period: Sequence[str], time: str) -> bool:
    """Whether a time ("2001-01-02 12:00") lies in a period.

    >>> has_time(["2000-12-22", "2001-01-02 12:00"], "2001-01-02 12:00")
    False
    """
    start, end = (moment.replace("T", " ") for moment in period)
    return start <= time < end


def has_month(period: Sequence[str], month: str) -> bool:
    """Whether some of a month ("2001-01") lies in a period.

    >>> has_month(["2000-12-22", "2001-01-01 00:00"], "2001-01")
    False
    """
    day, time = period[1][:10], period[1][10:].strip(" T:0")  # no time is midnight
    return period[0][:7] <= month and (f"{month}-01", "") < (day, time)
