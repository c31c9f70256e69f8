"""Times in the names of samples: `{dataset}.YYYY-MM-DD-SSSSS.nc`, with CESM's seconds of day."""


def stamp(moment: str) -> str:
    """Return a date, or a date and a time, as the names of samples have it.

    >>> stamp("2001-01-02 12:00"), stamp("2001-01-02")
    ('2001-01-02-43200', '2001-01-02-00000')
    """
    hours, minutes, seconds = (int(moment[i : i + 2] or 0) for i in (11, 14, 17))
    return f"{moment[:10]}-{hours * 3600 + minutes * 60 + seconds:05d}"
