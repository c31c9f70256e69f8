"""How the page names and colours each class of feature: names and colours of the study's table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stormtrace.classes import Classes, FeatureClass, flag_name
from stormtrace.figures.colours import blend

Ramp = tuple[str, ...]

#: Ends of the ramp through a single colour: on a light page and on a dark one.
PAPER = {"light": ("#f7f7f2", "#16191d"), "dark": ("#171b1f", "#f4f6f7")}


@dataclass(frozen=True)
class ShownClass:
    """A class on the page.

    key: its word in `flag_meanings`, which keys of maps contain. title begins with a capital,
    plural does not. css: its class in the style sheet.
    light, dark: colours of maps from what is rare to what is frequent, on a light and a dark page.
    """

    key: str
    title: str
    plural: str
    short: str
    css: str
    light: Ramp
    dark: Ramp

    @property
    def colour(self) -> str:
        """Colour of lines and text on a light page."""
        return _at(self.light, 0.66)

    @property
    def colour_dark(self) -> str:
        """Colour of lines and text on a dark page."""
        return _at(self.dark, 0.7)


def shown_classes(classes: Iterable[Classes]) -> dict[str, ShownClass]:
    """Return flag name -> class of all experiments' classes, in the order they first appear."""
    features: dict[str, FeatureClass] = {}
    for some in classes:
        for feature in some.features:
            features.setdefault(feature.flag, feature)
    return {
        flag: ShownClass(
            key=flag,
            title=feature.name[:1].upper() + feature.name[1:].lower(),
            plural=feature.plural,
            short=feature.short,
            css=f"class-{position}",
            light=_ramp(feature.colours, "light"),
            dark=_ramp(feature.colours_dark, "dark"),
        )
        for position, (flag, feature) in enumerate(features.items())
    }


def style_of(name: str, classes: Mapping[str, ShownClass]) -> str | None:
    """Return the style-sheet class of a label, however it is spelled; None for no class."""
    shown = classes.get(flag_name(name)) or next(
        (one for one in classes.values() if one.short.lower() == name.strip().lower()), None
    )
    return shown.css if shown else None


def _ramp(colours: Ramp, theme: str) -> Ramp:
    """Return colours of a map; through a single colour from the page's to its opposite."""
    if len(colours) > 1:
        return tuple(colours)
    paper, ink = PAPER[theme]
    return tuple(_hex(colour) for colour in blend((paper, colours[0], _mix(colours[0], ink)), 8))


def _mix(one: str, other: str) -> str:
    return _hex(blend((one, other), 3)[1])


def _at(ramp: Ramp, share: float) -> str:
    return _hex(blend(ramp, 101)[round(100 * share)])


def _hex(colour: Iterable[float]) -> str:
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in colour)
