"""What the plan says of a study that can be carried out, but perhaps not as it was meant."""

from collections.abc import Iterator

from stormtrace.study.definition import Study
from stormtrace.study.known_grids import grid_warnings
from stormtrace.study.missing_inputs import missing_inputs


def plan_warnings(study: Study) -> list[str]:
    """Return a sentence each: grids a model does not know, missing files, what `compare` adds."""
    return [*grid_warnings(study), *missing_inputs(study), *_compared_too(study)]


def _compared_too(study: Study) -> Iterator[str]:
    """Yield which experiments are carried out though `run` does not name them."""
    added = [name for name in study.shown if name not in study.config.run]
    by = [name for name, one in study.comparisons.items() if {one.first, one.second} & set(added)]
    if added:
        yield (
            f"`compare` adds {', '.join(added)}, which `run` does not name, for {', '.join(by)}:"
            " leave those comparisons out of `compare` ([] leaves out all) to run without"
        )
