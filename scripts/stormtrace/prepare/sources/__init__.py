"""The conventions of raw files: a vocabulary for each source, over the same machinery.

cesm        CAM's history files
merra2      NASA's collections
climatenet  labelled samples, ready to learn from
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from stormtrace.prepare.sources import cesm, climatenet, merra2

#: Source, as a dataset names it -> field -> how it comes about, where the dataset does not say.
DEFAULT_FIELDS: Mapping[str, Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {"cesm": cesm.FIELDS, "merra2": merra2.FIELDS, "climatenet": climatenet.FIELDS}
)
