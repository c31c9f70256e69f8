"""A model on the page: scores on test labels, training, figures."""

import base64
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from stormtrace.class_table import flag_name
from stormtrace.errors import BadInput
from stormtrace.formats.json_files import read_json
from stormtrace.report.charts import Bar, Line, bar_chart, line_chart
from stormtrace.report.contents import Chart, Image, Model, ScoreRow, Scores
from stormtrace.report.model_skill import object_rows, skill_charts
from stormtrace.report.page_maps import Link
from stormtrace.report.request import ModelFiles
from stormtrace.report.shown_classes import ShownClass, style_of

#: Key of scores.json -> its name in the table.
MEASURES = {
    "iou": "IoU",
    "precision": "Precision",
    "recall": "Recall",
    "area_ratio": "Predicted / true area",
}

#: Styles of lines that are of no class, in turn.
PLAIN = ("neutral", "neutral dashed", "neutral dotted")

#: Pixels of a figure inside the page; the file that is linked to has all of them.
WIDEST = 1300

Shown = dict[str, ShownClass]


def describe(files: ModelFiles, classes: Shown, link: Link) -> Model:
    """Return what the page shows of a model."""
    scores = _read_scores(files.scores)
    return Model(
        name=files.name,
        title=files.title or files.name,
        description=files.description,
        fields=files.fields,
        scores=_scores(scores, classes) if scores else None,
        charts=[
            *_training(files.history, classes),
            *skill_charts(scores, _shown(scores, classes)),
            *_importance(files.importance, classes),
        ],
        images=images(files.images),
        links=[(Path(path).name, target) for path in _linked(files) if (target := link(path))],
    )


def _read_scores(path: str | None) -> dict[str, Any]:
    """Return what `evaluate.py` wrote; nothing without a path.

    Raises:
        BadInput: the file is not there, or is not a file of scores.

    """
    if not path:
        return {}
    try:
        scores = read_json(path, "evaluate.py")
        list(scores["iou"])
    except (KeyError, TypeError) as error:
        raise BadInput(
            f"{path} should be a file of scores, but: {error!r}; make it with evaluate.py"
        ) from error
    return scores


def _shown(scores: Mapping[str, Any], classes: Shown) -> dict[str, tuple[str, str]]:
    """Return label -> the title and the style it has elsewhere on the page."""
    labels = list(scores.get("iou", ()))
    styles = _styles(labels, classes)
    return {
        label: (_title(label, classes), style) for label, style in zip(labels, styles, strict=True)
    }


def _scores(scores: Mapping[str, Any], classes: Shown) -> Scores:
    """Return scores as a table, classes under the names they have elsewhere."""
    labels = list(scores["iou"])
    rows = [
        ScoreRow(
            title,
            [scores[key].get(label) for label in labels],
            _intervals(scores, key, labels),
            scores.get("mean_iou") if key == "iou" else None,
        )
        for key, title in MEASURES.items()
        if scores.get(key)
    ]
    return Scores(
        title=f"On {scores['files']} labelled samples of {scores['times']} times",
        labels=[_title(label, classes) for label in labels],
        rows=[*rows, *_experts(scores, labels), *object_rows(scores, labels)],
        iou={_title(label, classes): value for label, value in scores["iou"].items()},
        mean_iou=scores.get("mean_iou"),
    )


def _title(label: str, classes: Shown) -> str:
    """Return what the page calls a label, however the model spells it."""
    shown = classes.get(flag_name(label))
    return shown.title if shown else label


def _intervals(
    scores: Mapping[str, Any], key: str, labels: Sequence[str]
) -> list[tuple[float, float] | None]:
    known = (scores.get("intervals") or {}).get(key) or {}
    pairs = [known.get(label) or (None, None) for label in labels]
    return [None if low is None or high is None else (low, high) for low, high in pairs]


def _experts(scores: Mapping[str, Any], labels: Sequence[str]) -> Iterator[ScoreRow]:
    """Yield how well experts agree among themselves, where times have several labellings."""
    experts = scores.get("experts") or {}
    if iou := experts.get("iou"):
        values = [iou.get(label) for label in labels]
        none: list[tuple[float, float] | None] = [None] * len(labels)
        yield ScoreRow("IoU, one expert against another", values, none, experts.get("mean_iou"))


def _training(path: str | None, classes: Shown) -> Iterator[Chart]:
    """Yield the training curves of history.csv: losses, and IoU of each class by epoch."""
    if not path:
        return
    with Path(path).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    epochs = [row["epoch"] for row in rows]
    groups = {"Loss": "loss", "IoU, validation": "validation_iou", "IoU, training": "train_iou"}
    for title, pattern in groups.items():
        columns = [name for name in rows[0] if pattern in name] if rows else []
        values = {
            name: [float(row[name]) if row[name] else None for row in rows] for name in columns
        }
        known = [name for name in columns if any(value is not None for value in values[name])]
        names = [name.removeprefix(f"{pattern}_").removesuffix("_loss") for name in known]
        lines = [
            Line(_words(name), values[column], style)
            for column, name, style in zip(known, names, _styles(names, classes), strict=True)
        ]
        if lines:
            most = 1.0 if "IoU" in title else None
            svg = Markup(line_chart(epochs, lines, "", max(1, len(epochs) // 8), most=most))
            yield Chart(title, svg, "by epoch", [(line.style, line.name) for line in lines])


def _importance(path: str | None, classes: Shown) -> Iterator[Chart]:
    """Yield the loss of IoU without each field, from `explain.py`."""
    if not path:
        return
    losses = read_json(path, "explain.py")["importance"]
    groups: dict[str, list[Bar]] = {}
    for field, of_labels in losses.items():
        labels = [label for label in of_labels if label != "mean_iou"]
        groups[field] = [
            Bar(_title(label, classes), style, loss["mean"], loss["low"], loss["high"])
            for label, style in zip(labels, _styles(labels, classes), strict=True)
            for loss in (of_labels[label],)
            if loss["mean"] is not None  # the class is nowhere in the labels
        ]
    legend = list(dict.fromkeys((bar.style, bar.name) for bars in groups.values() for bar in bars))
    svg = Markup(bar_chart(groups, "IoU lost"))
    yield Chart(
        "Importance of each field", svg, "its values shuffled among the test labels", legend
    )


def _linked(files: ModelFiles) -> list[str]:
    """Return the files a model's section links to; of a figure, the one for print."""
    paths = [path for path in (files.scores, files.history, files.importance) if path]
    figures = [*files.figures, *files.images]
    return [*paths, *(str(for_print(Path(figure))) for figure in figures)]


def for_print(figure: Path) -> Path:
    """Return the PDF of a figure, a PNG; the PNG if the study's `figures:` want no PDF."""
    pdf = figure.with_suffix(".pdf")
    return pdf if pdf.exists() else figure


def _words(name: str) -> str:
    """Return the name of a class or column for a legend."""
    spelled = {"train": "Training", "validation": "Validation"}
    return spelled.get(name, name.replace("_", " ").capitalize())


def _styles(names: Sequence[str], classes: Shown) -> list[str]:
    """Return the style of each name: its class's, or else a plain one of its own."""
    plain = iter(PLAIN * len(names))
    return [style_of(name, classes) or next(plain) for name in names]


def images(paths: Iterable[str]) -> list[Image]:
    """Return the PNG files of `paths` that exist, to be put into the page."""
    return [_image(path) for path in paths if Path(path).is_file()]


def _image(path: str) -> Image:
    """Return a figure as a small WebP inside the page."""
    from PIL import Image as pillow

    stream = io.BytesIO()
    with pillow.open(path) as image:
        title = image.info.get("Description") or Path(path).stem.replace("-", " ").replace("_", " ")
        shown = image.convert("RGB")
        shown.thumbnail((WIDEST, WIDEST))
        shown.save(stream, "WEBP", quality=88, method=4)
        width, height = shown.size
    text = base64.b64encode(stream.getvalue()).decode("ascii")
    return Image(f"data:image/webp;base64,{text}", title, width, height)
