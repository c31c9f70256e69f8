"""Detection by a threshold recipe: a year of samples in, a file of masks out."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stormtrace.blocks import flag
from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.commandline import progress
from stormtrace.detect.adjustment import Asked, adjusted, facts_of
from stormtrace.detect.conditions import RecipeOnGrid, check_units
from stormtrace.detect.expected_steps import MissingSteps, count_missing
from stormtrace.detect.reading_ahead import Look, Pieces, of_one, read_ahead
from stormtrace.detect.recipes import ThresholdRecipe
from stormtrace.detect.watch import Watch
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import attributes_of
from stormtrace.formats.masks import mask_file
from stormtrace.formats.percentile_maps import PercentileMaps, read_percentiles
from stormtrace.formats.samples import SampleFolder, open_folder
from stormtrace.formats.units import is_same_unit

log = logging.getLogger("stormtrace")


def detect_by_thresholds(
    recipe: ThresholdRecipe,
    samples: Path,
    output: Path,
    *,
    dataset: str,
    year: int,
    periods: Sequence[Sequence[str]] = (),
    missing_steps: MissingSteps | None = None,
    percentiles: Sequence[Path] = (),
    adjust: Sequence[Asked] = (),
    attributes: Mapping[str, Any],
    table: ClassTable | None = None,
) -> None:
    """Write the masks of a year of samples.

    dataset: whose samples they are; periods, missing_steps, adjust, table: as in
    `detection.detect`;
    percentiles: files of the percentiles that the recipe compares with.

    Raises:
        BadInput: steps are missing and may not, the samples lack a field, or one of the inputs is
            not as it must be.

    """
    period = [periods[0][0], periods[-1][1]] if periods else None
    folder = open_folder(samples, dict.fromkeys(recipe.fields), period)
    folder = adjusted(folder, adjust, dataset)
    missing = count_missing(folder, periods, missing_steps) if periods and missing_steps else None
    said = attributes_of(folder.paths[0], recipe.fields)
    units = {field: about.get("units", "") for field, about in said.items()}
    check_units(recipe, units, folder.paths[0])
    maps = [read_percentiles(path, folder.grid) for path in percentiles]
    for file, one in zip(percentiles, maps, strict=True):
        _check_percentiles(file, one, units.get(one.field, ""), folder.paths[0])
    on_grid = RecipeOnGrid(recipe, folder.grid, dataset, maps)
    classes = Classes.of_labels(recipe.labels, table)
    watch = Watch(folder, classes.labels, year)
    facts: dict[str, str | int | float] = {
        "year": year,
        "detector_checksum": recipe_checksum(recipe, maps),
        "recipe": flag(recipe),
        **facts_of(folder.adjust),
    }
    if period is not None:
        facts["period"] = "/".join(period)  # an interval of ISO 8601
    if missing is not None:
        facts["missing_steps"] = missing
    if missing:
        log.warning("%s: %d expected steps have no sample", samples, missing)
    with mask_file(
        output,
        folder.grid,
        classes,
        {"units": folder.units, "calendar": folder.calendar},
        steps=len(folder.paths),
    ) as writer:
        for moment, fields in _steps(folder):
            mask = on_grid.mask(fields, folder.date(moment).month)
            watch.check(moment, mask)
            writer.write([moment], {"mask": mask[None]})
        writer.describe(**facts, **watch.attributes(), **attributes)


def _steps(folder: SampleFolder) -> Any:
    """Yield the time and the fields of each sample, the next one being read."""
    batches = of_one(read_ahead(Pieces.of([Look(folder, folder.paths)], 1)))
    for batch in progress(batches, "steps", len(folder.paths)):
        yield batch.times[0], dict(zip(folder.fields, batch.values[0], strict=True))


def recipe_checksum(recipe: ThresholdRecipe, percentiles: Sequence[PercentileMaps]) -> str:
    """Return a digest of all that the masks depend on besides the samples.

    How the recipe is called does not count.
    """
    plain = recipe.model_copy(update={"name": "", "title": None, "description": "", "like": None})
    digest = hashlib.sha256(flag(plain).encode())
    for maps in percentiles:
        digest.update(maps.values.tobytes())
    return digest.hexdigest()[:16]


def _check_percentiles(path: Path, maps: PercentileMaps, units: str, sample: Path) -> None:
    """Refuse (BadInput) percentiles in other units than the field that is compared with them."""
    if maps.units != "1" and not is_same_unit(maps.units, units):  # 1: samples that say nothing
        raise BadInput(
            f"{sample}: {maps.field} is in {units!r}, but its percentiles in {path} are in "
            f"{maps.units!r}: give the field the same `units` in both datasets, and make samples "
            "and percentiles again"
        )
