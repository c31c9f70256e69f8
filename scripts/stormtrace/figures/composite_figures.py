"""Figures of composites: the field while a class is present, its share, and the split change."""

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.figure import Figure

from stormtrace.classes import FeatureClass
from stormtrace.climate.composites import Composite, split_change
from stormtrace.figures.colours import diverging, largest_shown, scale_of
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
    named = _named(composites)
    subtitle = f"{title} · {steps_in_words(first)} · all detections · {GREY}"
    for feature in first.classes.features:
        means = {period: one.mean(feature.flag) for period, one in named.items()}
        heading = f"{field} while {_article(feature.name.lower())} is present"
        figure = _panels("Mean", means, first, feature, heading, subtitle, first.units)
        yield f"{feature.key}-{field}-composite", figure
    yield from draw_shares(composites, field, field, f"{title} · {steps_in_words(first)}")


def draw_shares(
    composites: Mapping[str, Composite],
    field: str,
    what: str,
    title: str,
    near: Mapping[str, str] = {},
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure) of the share of a field in each class, by period.

    field: its name in files; what: in words. near: flag -> how far from its cells a class reaches.
    """
    first, named = next(iter(composites.values())), _named(composites)
    for feature in first.classes.features:
        shares = {period: one.share(feature.flag) for period, one in named.items()}
        reach = near.get(feature.flag, "")
        subtitle = " · ".join(
            filter(None, [title, "all detections", reach, "grey: there is nothing to share"])
        )
        place = "in or near" if reach else "within"
        heading = f"Share of {what} that falls {place} {feature.plural}"
        figure = _panels("Share", shares, first, feature, heading, subtitle, "%")
        yield f"{feature.key}-{field}-share", figure


def _named(composites: Mapping[str, Composite]) -> dict[str, Composite]:
    """Return composites by the titles of their panels; one season is the whole record."""
    whole = "annual" if len(composites) == 5 else "all time steps"
    named = {whole if period == "annual" else period: one for period, one in composites.items()}
    return {whole: next(iter(named.values()))} if len(named) == 2 else named


def draw_split(
    first: Composite, second: Composite, field: str, title: str, what: str = ""
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure) for each shared class: change by frequency, intensity, both.

    field: its name in files; what: in words, the name where absent.
    """
    what = what or field
    for feature in first.classes.features:
        if feature.flag not in second.classes.flags:
            continue
        maps = split_change(first, second, feature.flag)
        short = feature.short
        names = {
            "total": f"Change of {what} from {short}s",
            "frequency": f"because {short}s are more or less frequent",
            "intensity": f"because they bring more or less {what}",
            "both": "because of both at once",
        }
        scale = diverging(largest_shown(list(maps.values())), first.units)
        panels = [Panel(first.grid, maps[key], name) for key, name in names.items()]
        heading = f"{what} of {feature.plural}: why it changes"
        note = f"{title} · {steps_in_words(first)}, then {steps_in_words(second)} · all detections"
        figure = draw_panels(panels, scale, "Change of the mean over all steps", heading, note)
        yield f"{feature.key}-{field}-split", figure


def _panels(
    what: str,
    maps: Mapping[str, Maps],
    one: Composite,
    feature: FeatureClass,
    heading: str,
    title: str,
    units: str,
) -> Figure:
    scale = scale_of([np.nan_to_num(m) for m in maps.values()], feature, units)
    panels = [Panel(one.grid, values, period) for period, values in maps.items()]
    return draw_panels(panels, scale, what, heading, title, 2 if len(panels) > 1 else 1)


def steps_in_words(one: Composite) -> str:
    """Return how many time steps a composite is of, in words."""
    steps = int(one.steps[ALL].max())
    return f"{steps:,} time step{'' if steps == 1 else 's'}"


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
