"""Results as xarray and pandas objects, in one line each, for notebooks.

import sys; sys.path.insert(0, "scripts")      # or: pip install -e .
from stormtrace import results

masks = results.open_masks("results/masks/control")            # all years, lazily
frequency = results.open_frequency("results/frequency/control/frequency.nc")
frequency.frequency.sel(period="DJF", feature="AR").plot()
events = results.open_events("results/events/control")          # a DataFrame

result_maps    masks, frequency, comparisons, decompositions, agreement, composites and attribution
result_tables  events, objects, scores of models, verification, agreement, shares
"""

from stormtrace.results.result_maps import (
    class_codes,
    in_box,
    open_agreement,
    open_comparison,
    open_composites,
    open_decomposition,
    open_frequency,
    open_masks,
)
from stormtrace.results.result_tables import (
    open_agreement_scores,
    open_events,
    open_objects,
    open_scores,
    open_shares,
    open_storms,
    open_verification,
)

__all__ = [
    "class_codes",
    "in_box",
    "open_agreement",
    "open_agreement_scores",
    "open_comparison",
    "open_composites",
    "open_decomposition",
    "open_events",
    "open_frequency",
    "open_masks",
    "open_objects",
    "open_scores",
    "open_shares",
    "open_storms",
    "open_verification",
]
