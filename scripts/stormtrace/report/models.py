"""What the page tells of one model: scores on test labels, training, figures."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from stormtrace.errors import BadInput
from stormtrace.report.charts import Bar, Line, bar_chart, line_chart
from stormtrace.report.page_maps import Link

#: Key of scores.json -> how the table calls it.
MEASURES = {
    "iou": "IoU",
    "precision": "Precision",
    "recall": "Recall",
    "area_ratio": "Predicted / true area",
}
STYLES = ("neutral", "tc", "ar", "other")


def describe(entry: Mapping[str, Any], link: Link) -> dict[str, Any]:
    """Return what the page tells of a model."""
    scores = _read_scores(entry.get("scores"))
    return {
        "name": entry["name"],
        "title": entry.get("title") or entry["name"],
        "description": entry.get("description") or "",
        "fields": entry.get("fields") or [],
        "scores": scores,
        "measures": {k: v for k, v in MEASURES.items() if scores and scores.get(k)},
        "charts": [*_charts(entry.get("history")), *_importance(entry.get("importance"))],
        "images": images(entry.get("images") or []),
        "links": [(Path(path).name, link(path)) for path in _linked(entry) if link(path)],
    }


def _read_scores(path: str | None) -> dict[str, Any] | None:
    if not path:
        return None
    try:
        scores: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise BadInput(f"{path} should be what evaluate.py wrote, but: {error}") from error
    return scores


def _charts(path: str | None) -> Iterator[dict[str, Any]]:
    """Yield the training curves of history.csv: losses, and IoU of each class by epoch."""
    if not path:
        return
    with Path(path).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    epochs = [row["epoch"] for row in rows]
    every = max(1, len(epochs) // 8)
    groups = {"Loss": "loss", "IoU, validation": "validation_iou", "IoU, training": "train_iou"}
    for title, pattern in groups.items():
        columns = [name for name in rows[0] if pattern in name] if rows else []
        lines = [
            Line(
                _words(name.removeprefix(f"{pattern}_").removesuffix("_loss")),
                [float(row[name]) if row[name] else None for row in rows],
                _style(name, i),
            )
            for i, name in enumerate(columns)
        ]
        lines = [line for line in lines if any(value is not None for value in line.values)]
        if lines:
            svg = Markup(line_chart(epochs, lines, "", every))
            legend = [(line.style, line.name) for line in lines]
            yield {"title": title, "svg": svg, "note": "by epoch", "legend": legend}


def _linked(entry: Mapping[str, Any]) -> list[str]:
    """Return the files a model's section links to; of a figure, its PDF."""
    paths = [entry[key] for key in ("scores", "history", "importance") if entry.get(key)]
    figures = [*(entry.get("figures") or []), *(entry.get("images") or [])]
    return [*paths, *(str(Path(figure).with_suffix(".pdf")) for figure in figures)]


def _importance(path: str | None) -> Iterator[dict[str, Any]]:
    """Yield the loss of IoU without each field, from `explain.py`."""
    if not path:
        return
    losses = json.loads(Path(path).read_text(encoding="utf-8"))["importance"]
    groups = {
        field: [
            Bar(_words(label), _style(label, i), loss["mean"], loss["low"], loss["high"])
            for i, (label, loss) in enumerate(each.items())
            if label != "mean_iou"
        ]
        for field, each in losses.items()
    }
    legend = list(dict.fromkeys((bar.style, bar.name) for bars in groups.values() for bar in bars))
    svg = Markup(bar_chart(groups, "IoU lost"))
    note = "its values shuffled among the test labels"
    yield {"title": "Importance of each field", "svg": svg, "note": note, "legend": legend}


def _words(name: str) -> str:
    """Return the name of a class or column as a legend has it."""
    return {"train": "Training"}.get(name, name.replace("_", " ").capitalize())


def _style(column: str, position: int) -> str:
    """Return how a column's line looks: by its class, or else by its place."""
    if "cyclone" in column.lower():
        return "tc"
    if "river" in column.lower():
        return "ar"
    return "neutral" if position == 0 else "neutral dashed"


def images(paths: Iterable[str]) -> list[dict[str, Any]]:
    """Return the PNG files of `paths` that are there, to be put into the page."""
    return [_image(path) for path in paths if Path(path).is_file()]


def _image(path: str) -> dict[str, str]:
    """Return a figure as a small WebP inside the page."""
    from PIL import Image

    stream = io.BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").save(stream, "WEBP", quality=88, method=4)
        width, height = image.size
    text = base64.b64encode(stream.getvalue()).decode("ascii")
    return {
        "source": f"data:image/webp;base64,{text}",
        "title": Path(path).stem.replace("-", " ").replace("_", " "),
        "width": str(width),
        "height": str(height),
    }
