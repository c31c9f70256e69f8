"""MERRA-2: NASA's collections, all variables of a day in one file, fill value 1e15.

The defaults are those of tavg1_2d_slv_Nx; levels of inst3_3d_asm_Nv have their pressure (PL) and
thickness (DELP) as variables. Hourly means are stamped in their middle, without bounds.
"""

from typing import Any

#: How each canonical field comes about.
FIELDS: dict[str, dict[str, Any]] = {
    "TMQ": {"take": "TQV"},
    "U850": {"take": "U850"},
    "V850": {"take": "V850"},
    "PSL": {"take": "SLP"},
}
