"""Labelled samples as they are written, in ClimateNet's layout."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import IGNORED, Classes
from stormtrace.formats.axes import define_grid, fill, map_attributes
from stormtrace.formats.netcdf import creating
from stormtrace.formats.sample_writing import COMPRESSIONS
from stormtrace.grids import Grid

#: Rows of a chunk of LABELS: what fits into the cache of a core takes two thirds of the time.
ROWS = 16


def write_labelled(
    path: Path,
    grid: Grid,
    time: str,
    fields: Mapping[str, NDArray[np.floating]],
    about: Mapping[str, Mapping[str, Any]],
    labels: NDArray[np.integer],
    attributes: Mapping[str, Any],
    classes: Classes | None = None,
    confidence: NDArray[np.floating] | None = None,
    compression: str = "none",
) -> None:
    """Write one labelling of one time: `{FIELD}(time=1, lat, lon)`, `LABELS(lat, lon)`.

    time: a text, as ClimateNet has it. fields, labels, confidence: of as many cells as the grid
    has; labels are class codes, and `IGNORED` where nobody looked, which is then declared as
    `_FillValue`; confidence is 0 … 1. about: the attributes of each field, its units
    at least. attributes: global ones. compression: of the fields, a key of `COMPRESSIONS`;
    LABELS and CONFIDENCE, which are nearly constant, are always compressed.
    """
    rows = (min(ROWS, grid.shape[0]), grid.shape[1])
    how: dict[str, Any] = {**COMPRESSIONS["zlib"], "chunksizes": rows}
    with creating(path) as nc:
        nc.set_fill_off()
        nc.setncatts(dict(attributes))
        nc.createDimension("time", 1)
        contents = define_grid(nc, grid)
        contents.append((nc.createVariable("time", str, ("time",)), np.array([time], object)))
        for name, values in fields.items():
            variable = nc.createVariable(
                name, "f4", ("time", *grid.dims), **COMPRESSIONS[compression]
            )
            variable.setncatts({**about[name], **map_attributes(grid)})
            contents.append((variable, values.reshape(1, *grid.shape)))
        # Declared only where it occurs: readers that decode it make floats of all codes.
        missing: dict[str, Any] = {"fill_value": IGNORED} if (labels == IGNORED).any() else {}
        variable = nc.createVariable("LABELS", "i8", grid.dims, **how, **missing)
        flags = {} if classes is None else classes.flag_attributes()
        flags = {key: np.int64(of) if key == "flag_values" else of for key, of in flags.items()}
        variable.setncatts({"long_name": "class code", **flags, **map_attributes(grid)})
        contents.append((variable, labels.reshape(grid.shape)))
        if confidence is not None:
            variable = nc.createVariable("CONFIDENCE", "f4", grid.dims, **how)
            variable.setncatts(
                {"long_name": "how sure the annotator was", "units": "1", **map_attributes(grid)}
            )
            contents.append((variable, confidence.reshape(grid.shape)))
        fill(contents)
