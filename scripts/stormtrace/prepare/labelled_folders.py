"""A check of the two folders of labelled samples of a dataset."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stormtrace.blocks import read_block
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import COPY_AGAIN, list_labelled
from stormtrace.formats.netcdf import opening, variable
from stormtrace.prepare.dataset import LabelledDataset
from stormtrace.prepare.findings import Finding

#: What a function says of each of some things: `map`, or that of several processes.
OfEach = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


def check_labelled(spec: Mapping[str, Any], of_each: OfEach) -> Iterator[Finding]:
    """Yield what is wrong in the two folders of labelled samples, excluded ones left out."""
    dataset = read_block(LabelledDataset, spec, f"dataset {spec.get('name', '')}")
    for split in ("train", "test"):
        folder = Path(getattr(dataset, split))
        finding = Finding(dataset.name, split, "LABELS", 0)
        try:
            exclude = [name for name in dataset.exclude if (folder / name).exists()]
            files = list_labelled(folder, exclude)
        except BadInput as error:
            yield replace(finding, problems=(str(error),))
            continue
        look = functools.partial(_labelled_problem, fields=tuple(dataset.fields))
        problems = of_each(look, [file.path for file in files])
        yield replace(
            finding,
            files=len(files),
            first=files[0].time,
            last=files[-1].time,
            steps=len(files),
            problems=tuple(problem for problem in problems if problem),
        )


def _labelled_problem(path: Path, fields: Sequence[str]) -> str | None:
    try:
        with opening(path, COPY_AGAIN) as nc:
            for name in (*fields, "LABELS"):
                variable(nc, name)
    except BadInput as error:
        return str(error)
    return None
