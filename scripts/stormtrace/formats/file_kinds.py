"""What a file is that should be netCDF, by its first bytes, and what to do about it."""

from pathlib import Path

HDF5, CLASSIC, GRIB, ZIP = b"\x89HDF\r\n\x1a\n", b"CDF", b"GRIB", b"PK\x03\x04"

#: First bytes -> what the file is, and what to do.
KINDS = {
    GRIB: "a GRIB file: convert it (cdo -f nc4 copy IN OUT), or install cfgrib, with which raw"
    " files in GRIB are read as they are",
    ZIP: "a zip archive: unpack it, and name the files in it",
    b"\x1f\x8b": "compressed with gzip: unpack it (gunzip)",
    b"BZh": "compressed with bzip2: unpack it (bunzip2)",
    b"\xfd7zXZ": "compressed with xz: unpack it (unxz)",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: unpack it (unzstd)",
    b"\x0e\x03\x13\x01": "an HDF4 file: convert it (h4tonccf IN OUT)",
    b"%PDF": "a PDF document: name the file with the data",
    b"{": "a JSON text, perhaps a server's error message: read it, and fetch the file again",
}

#: How much of a text is looked at for what it is.
HEAD = 512


def foreign_kind(path: Path | str) -> str | None:
    """Return what a file is, in words, if it is known to be something else than netCDF."""
    path = Path(path)
    if path.is_dir():
        inside = "a Zarr store" if is_zarr(path) else "a folder"
        return f"{inside}, not a file: name netCDF files"
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        return "empty (0 bytes): fetch it again"
    if head.lstrip()[:1] == b"<":
        return "an HTML or XML page, such as a server's error or login page: fetch the file again"
    return next((kind for magic, kind in KINDS.items() if head.startswith(magic)), None)


def is_remote(path: str) -> bool:
    """Whether a path is a URL (gs://…, s3://…, https://…)."""
    return "://" in path


def is_zarr(path: Path | str) -> bool:
    """Whether a folder is the root of a Zarr store, of format 2 or 3."""
    return any((Path(path) / name).is_file() for name in (".zgroup", ".zmetadata", "zarr.json"))
