"""Where a netCDF file ends by its own account, whatever bytes follow.

Formats: "HDF5 File Format Specification", section II.A (superblock), and `formats.classic`.
"""

import struct
from pathlib import Path

from stormtrace.formats.classic import classic_length, is_streaming
from stormtrace.formats.file_kinds import HDF5

#: Version of the superblock -> position of the size of offsets, and of the base address.
LAYOUTS = {0: (13, 24), 1: (13, 28), 2: (9, 12), 3: (9, 12)}

#: The netCDF library may pad the last record of a classic file.
PADDING = 3


def bytes_beyond(path: Path | str) -> int:
    """Return how many bytes follow the end that a netCDF file records, 0 if it records none.

    OSError: the header of a classic file is cut off.
    """
    size, end = Path(path).stat().st_size, hdf5_end(path)
    if end is not None:
        return max(0, size - end)
    length = classic_length(path)
    if length is None or is_streaming(path) or size <= length + PADDING:
        return 0
    return size - length


def hdf5_end(path: Path | str) -> int | None:
    """Return the end-of-file address in the superblock of an HDF5 file, None for other files."""
    with Path(path).open("rb") as stream:
        head = stream.read(96)
    if not head.startswith(HDF5) or len(head) < 96 or head[8] not in LAYOUTS:
        return None
    width_at, base_at = LAYOUTS[head[8]]
    width = head[width_at]
    if width not in (4, 8):
        return None
    # Base address, free space (or superblock extension), end of file: an offset each.
    return struct.unpack_from("<I" if width == 4 else "<Q", head, base_at + 2 * width)[0]
