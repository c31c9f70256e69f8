"""Maps of an agreement: by how many members a cell is marked, and one while another is there."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.figure import Figure

from stormtrace.class_table import KNOWN
from stormtrace.classes import Classes, FeatureClass
from stormtrace.figures.colours import largest_shown, sequential
from stormtrace.figures.panels import Panel, draw_panels
from stormtrace.formats.agreement_maps import AgreementMaps

STEPS = "% of time steps"

#: With fewer steps of the first member, a conditional frequency says nothing.
FEWEST_STEPS = 10


def draw_agreement_figures(
    maps: AgreementMaps, title: str, names: Sequence[str]
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure): consensus, and the conditional frequency of each pair.

    names: of the members; those of one class have no class in them.
    """
    steps = maps.steps.sum()
    if not steps:
        return
    style = _class_of(maps.members[0])
    shares = [100.0 * one.sum(axis=0) / steps for one in np.moveaxis(maps.at_least, 1, 0)]
    scale = sequential(largest_shown(shares), style, STEPS)
    words = ["any", *(f"at least {n}" for n in range(2, len(shares))), "all"]
    panels = [
        Panel(maps.grid, share, f"Marked by {word}")
        for share, word in zip(shares, words, strict=True)
    ]
    yield "consensus", draw_panels(panels, scale, "Frequency", "Consensus", title, 1)
    panels = []
    for (first, second), both in zip(maps.pairs, np.moveaxis(maps.both, 1, 0), strict=True):
        there = maps.count[:, first].sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(there >= FEWEST_STEPS, 100.0 * both.sum(axis=0) / there, np.nan)
        told = f"{names[second]} while {names[first]} is there"
        panels.append(Panel(maps.grid, share, told, beyond=np.isnan(share)))
    scale = sequential(largest_shown([one.values for one in panels]), style, "% of these steps")
    note = f"{title}\nCells with at least {FEWEST_STEPS} steps of the first"
    yield "together", draw_panels(panels, scale, "Frequency", "Conditional frequency", note, 1)


def _class_of(member: str) -> FeatureClass:
    """Return the class of a member: one Stormtrace knows, or one called so, with its own colour."""
    short = member.partition("@")[0]
    known = Classes.of_labels(["Background", *KNOWN]).get(short)
    return known or Classes.of_labels(["Background", short]).features[0]
