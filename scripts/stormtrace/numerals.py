"""Numbers in words."""


def ordinal(number: float | str) -> str:
    """Return 90 as ``90th`` and 92 as ``92nd``; a decimal fraction ends in ``th``.

    >>> [ordinal(one) for one in (91, "92", 93.0, 99.9, 11)]
    ['91st', '92nd', '93rd', '99.9th', '11th']
    """
    digits = f"{float(number):g}"
    tens, ones = digits[-2:-1], digits[-1]
    is_regular = "." in digits or tens == "1"
    return digits + ("th" if is_regular else {"1": "st", "2": "nd", "3": "rd"}.get(ones, "th"))
