"""Numbers, places and dates as the page writes them."""

import math
from typing import Any


def number(value: float | None, digits: int = 3) -> str:
    """Return a number to `digits` significant digits, counts in full; a dash for None and NaN."""
    if value is None or not math.isfinite(value):
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}".replace("-", "−")


def change(second: float | None, first: float | None) -> str:
    """Return by how many per cent `second` differs from `first`; empty if that has no meaning."""
    if first is None or second is None or not first or not math.isfinite(first + second):
        return ""
    percent = round(100 * (second / first - 1))
    return f"{percent:+d}\u202f%".replace("-", "−") if percent else "±0\u202f%"


def per_cent(share: float | None) -> str:
    """Return a share, 0 … 1, as per cent to two digits; a dash for None."""
    return "–" if share is None else f"{number(100 * share, 2 if share < 0.995 else 3)}\u202f%"


def of_intervals(found: Any, how: str = "") -> str:
    """Return the sentence on the intervals in a result as JSON holds it, or "" if it has none."""
    return f" Intervals hold 95\u202f%{how and ', '}{how}." if _has_interval(found) else ""


def _has_interval(found: Any, named: bool = False) -> bool:
    """Whether something in a result is an interval: not None, where a name says so."""
    if isinstance(found, dict):
        return any(
            _has_interval(one, named or name.endswith(("interval", "intervals")))
            for name, one in found.items()
        )
    if isinstance(found, list) and not named:
        return any(map(_has_interval, found))
    return named and found is not None


def place(lat: float, lon: float) -> str:
    """Return a place as words: ``41° N, 172° W``."""
    lon = (lon + 180) % 360 - 180
    return (
        f"{abs(lat):.0f}°\u202f{'N' if lat >= 0 else 'S'}, "
        f"{abs(lon):.0f}°\u202f{'E' if lon >= 0 else 'W'}"
    )


def sentence(text: str) -> str:
    """Return a text with a capital first letter, and nothing else changed."""
    return text[:1].upper() + text[1:]


def initials(name: str) -> str:
    """Return the initials of a basin, which fit under a bar.

    >>> initials("North Indian and Asia")
    'NIA'
    """
    return "".join(word[0] for word in name.split() if word[0].isupper())
