"""CESM: history files of CAM, on hybrid levels and, as a rule, the columns of its own mesh.

One variable and one year or month a file; surface pressure is PS. Bounds of time and
`cell_methods` say what stamps mark, though some tapes lack the latter (`prepare.raw.time_axis`).
"""

from typing import Any

#: How each canonical field comes about.
FIELDS: dict[str, dict[str, Any]] = {
    "TMQ": {"integrate": "Q"},
    "U850": {"interpolate": "U", "to": 850.0},
    "V850": {"interpolate": "V", "to": 850.0},
    "PSL": {"take": "PSL"},
}
