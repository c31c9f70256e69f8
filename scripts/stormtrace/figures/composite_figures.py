"""Figures of composites: the field while a class is present, its share, and the split change."""

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.figure import Figure

from stormtrace.classes import FeatureClass
from stormtrace.climate.composites import Composite, split_change
from stormtrace.figures.colours import diverging, largest_shown, sequential
from stormtrace.figures.panels import Panel, draw_panels
from stormtrace.formats.composite_sums import ALL, Maps

#: What the grey of a composite means.
GREY = "grey: never present"


def draw_composites(
    composites: Mapping[str, Composite], field: str, title: str
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure) for each class: mean while present and share, by period.

    composites: period -> its sums; `annual` is called so only if all four seasons are there.
    """
    first = next(iter(composites.values()))
    whole = "annual" if len(composites) == 5 else "all time steps"
    named = {whole if period == "annual" else period: one for period, one in composites.items()}
    if len(named) == 2:  # one season is the whole record
        named = {whole: first}
    title = f"{title} · {_steps(first)} · all detections"
    for feature in first.classes.features:
        means = {period: one.mean(feature.flag) for period, one in named.items()}
        heading = f"{field} while {_article(feature.name.lower())} is present"
        figure = _panels(means, first, feature, heading, f"{title} · {GREY}", first.units)
        yield f"{feature.key}-{field}-composite", figure
        shares = {period: one.share(feature.flag) for period, one in named.items()}
        heading = f"Share of {field} that falls within {feature.plural}"
        yield f"{feature.key}-{field}-share", _panels(shares, first, feature, heading, title, "%")


def draw_split(
    first: Composite, second: Composite, field: str, title: str
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure) for each shared class: change by frequency, intensity, both."""
    for feature in first.classes.features:
        if feature.flag not in second.classes.flags:
            continue
        maps = split_change(first, second, feature.flag)
        short = feature.short
        names = {
            "total": f"Change of {field} from {short}s",
            "frequency": f"because {short}s are more or less frequent",
            "intensity": f"because they bring more or less {field}",
            "both": "because of both at once",
        }
        scale = diverging(largest_shown(list(maps.values())), first.units)
        panels = [Panel(first.grid, maps[key], name) for key, name in names.items()]
        heading = f"{field} of {feature.plural}: why it changes"
        note = f"{title} · {_steps(first)}, then {_steps(second)} · all detections"
        figure = draw_panels(panels, scale, "Change of the mean over all steps", heading, note)
        yield f"{feature.key}-{field}-split", figure


def _panels(
    maps: Mapping[str, Maps],
    one: Composite,
    feature: FeatureClass,
    heading: str,
    title: str,
    units: str,
) -> Figure:
    scale = sequential(largest_shown([np.nan_to_num(m) for m in maps.values()]), feature, units)
    what = "Share" if units == "%" else "Mean"
    panels = [Panel(one.grid, values, period) for period, values in maps.items()]
    return draw_panels(panels, scale, what, heading, title, 2 if len(panels) > 1 else 1)


def _steps(one: Composite) -> str:
    """Return how many time steps a composite is of, in words."""
    steps = int(one.steps[ALL].max())
    return f"{steps:,} time step{'' if steps == 1 else 's'}"


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
