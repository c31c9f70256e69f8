"""How figures are saved: in which formats, at a resolution, with or without their titles."""

import argparse
import contextlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from stormtrace.commandline import positive
from stormtrace.figures.maps import DOTS_PER_INCH, resolution, use_style
from stormtrace.figures.panels import LINE, PANEL, TITLE
from stormtrace.files import writing

#: Formats of figures.
FORMATS = ("png", "pdf")

#: Of PNG, 0 to 9: a hundredth larger than what matplotlib takes (6), in two thirds of the time.
COMPRESSION = 3


@dataclass(frozen=True)
class Printing:
    """Saves figures.

    titles: whether those of whole figures stay, or are left to a caption. formats: of `FORMATS`.
    """

    titles: bool = True
    formats: Collection[str] = FORMATS

    def save(self, figure: Figure, stem: Path) -> None:
        """Write ``{stem}.png`` and ``{stem}.pdf``, each whole or not at all; forget the figure.

        A format that is not wanted is removed: it would show what was drawn before.
        """
        if "pdf" in self.formats:
            _embed_glyphs_alone()
        words = describe(figure)
        area = None if self.titles else self._without_titles(figure)
        options: dict[str, dict[str, Any]] = {
            "png": {
                "dpi": resolution(),
                "metadata": {"Description": words},
                "pil_kwargs": {"compress_level": COMPRESSION},
            },
            "pdf": {"dpi": 2 * resolution(), "metadata": {"Subject": words}},
        }
        for kind in FORMATS:
            path = stem.with_name(f"{stem.name}.{kind}")
            if kind not in self.formats:
                path.unlink(missing_ok=True)
                continue
            with writing(path) as partial:
                figure.savefig(partial, format=kind, bbox_inches=area, **options[kind])
        plt.close(figure)

    def save_all(self, figures: Iterable[tuple[str, Figure]], folder: Path | str) -> None:
        """Save figures by name in a folder, whole or not at all; it is replaced if it exists."""
        with writing(folder) as partial:
            partial.mkdir()
            for name, figure in figures:
                self.save(figure, partial / name)

    @staticmethod
    def _without_titles(figure: Figure) -> Bbox:
        """Hide the titles and return what is left of the figure, inches."""
        titles = _marked(figure.texts, TITLE)
        for one in titles:
            one.set_visible(False)
        width, height = figure.get_size_inches()
        lowest = min((one.get_position()[1] for one in titles), default=1.0)
        return Bbox.from_bounds(0, 0, width, lowest * height - (LINE if titles else 0.0))


def _embed_glyphs_alone() -> None:
    """Have fonts embedded without their rules of layout.

    In PDF each glyph has its place. To reduce the rules of DejaVu Sans to the glyphs in use took
    half the time of a drawing.
    """
    with contextlib.suppress(ImportError, AttributeError):  # it is matplotlib's own affair
        from matplotlib.backends import _backend_pdf_ps as backend

        options: Any = backend.subset.Options  # fontTools', of which matplotlib takes the defaults
        options._drop_tables_default = [*{*options._drop_tables_default, "GSUB", "GPOS", "GDEF"}]


def describe(figure: Figure) -> str:
    """Return what a figure shows, in words, which go into its files: titles, panels, units."""
    titles = [one.get_text() for one in _marked(figure.texts, TITLE)]
    panels = [one.get_text() for axes in figure.axes for one in _marked(axes.texts, PANEL)]
    bars = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    parts = [*titles, *panels, *dict.fromkeys(bars)]
    return ". ".join(filter(None, parts))


def _marked(texts: Iterable[Text], mark: str) -> list[Text]:
    """Return the texts that carry a mark; to look for them among all artists would make ticks."""
    return [one for one in texts if one.get_gid() == mark]


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add what every script that draws asks of its printing."""
    parser.add_argument(
        "--dots-per-inch",
        type=positive,
        default=DOTS_PER_INCH,
        help="resolution of PNG, and of maps within PDF; journals ask for 300",
    )
    parser.add_argument(
        "--without-titles", action="store_true", help="leave titles to the caption of a paper"
    )
    parser.add_argument(
        "--formats", nargs="+", choices=FORMATS, default=FORMATS, help="of each figure"
    )


def printing(args: argparse.Namespace) -> Printing:
    """Set matplotlib up as the flags want it."""
    use_style(args.dots_per_inch)
    return Printing(not args.without_titles, args.formats)
