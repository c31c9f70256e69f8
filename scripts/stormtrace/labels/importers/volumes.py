"""Voxels in the zips of WEBKNOSSOS: Zarr 3, and the older WKW, at their finest magnification."""

import zipfile
from typing import BinaryIO

from stormtrace.errors import BadInput
from stormtrace.labels.importers.chunked_volumes import Volume
from stormtrace.labels.importers.wkw_chunks import open_wkw
from stormtrace.labels.importers.zarr_chunks import open_zarr


def open_volume(archive: BinaryIO, where: str) -> Volume:
    """Return the finest voxels in a zip; of an empty zip, and where nothing was drawn, only 0.

    Raises:
        BadInput: it is no zip, or its voxels are in a form that is not known.

    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = opened.namelist()
            if any(name.endswith("zarr.json") for name in names):
                return open_zarr(opened, names, where)
            return open_wkw(opened, names, where)
    except zipfile.BadZipFile as error:
        raise BadInput(f"{where} is no zip ({error}): download the annotation again") from error
