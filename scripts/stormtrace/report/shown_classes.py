"""How the page names and colours each class of feature: names and colours of the study's table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stormtrace.class_table import flag_name
from stormtrace.classes import Classes, FeatureClass
from stormtrace.figures.colours import line_colour, ramp


@dataclass(frozen=True)
class ShownClass:
    """A class on the page.

    key: its word in `flag_meanings`, which keys of maps contain. title begins with a capital,
    plural does not. css: its class in the style sheet.
    light, dark: colours of maps from what is rare to what is frequent, on a light and a dark page.
    colour, colour_dark: of lines and words.
    """

    key: str
    title: str
    plural: str
    short: str
    css: str
    light: tuple[str, ...]
    dark: tuple[str, ...]
    colour: str
    colour_dark: str


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
            light=ramp(feature),
            dark=ramp(feature, dark=True),
            colour=line_colour(feature),
            colour_dark=line_colour(feature, dark=True),
        )
        for position, (flag, feature) in enumerate(features.items())
    }


def style_of(name: str, classes: Mapping[str, ShownClass]) -> str | None:
    """Return the style-sheet class of a label, however it is spelled; None for no class."""
    shown = classes.get(flag_name(name)) or next(
        (one for one in classes.values() if one.short.lower() == name.strip().lower()), None
    )
    return shown.css if shown else None
