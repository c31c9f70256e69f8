"""Tables of events and of their objects, as Parquet and CSV.

The metadata of a Parquet file hold `classes`, JSON: code, name, short name and kind of each class.
"""

import contextlib
import functools
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from stormtrace.absent import absent
from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.seals import Damaged, add_seal, has_magic, is_sealed

with absent("pandas"):  # which pyarrow looks for once, at its first array
    pyarrow.array([])

#: Column -> values: an array, or a list of lists of event IDs (parents, children).
Table = dict[str, Any]


#: Rows of `read_in_parts`.
ROWS_AT_ONCE = 2**14


#: End of a column's name -> its units; the first that fits counts.
_UNITS = {
    "_km_h": "km h-1",
    "_km2": "km2",
    "_km": "km",
    "_h": "h",
    "lat": "degrees_north",
    "lon": "degrees_east",
    "south": "degrees_north",
    "north": "degrees_north",
    "west": "degrees_east",
    "east": "degrees_east",
    "orientation": "degrees",
}


def units_of(column: str, measured: Mapping[str, str]) -> str:
    """Return the units of a column of events or objects; empty where it has none.

    measured: those of the columns of measured fields.
    """
    ends = (units for end, units in _UNITS.items() if column.endswith(end))
    return measured.get(column) or next(ends, "")


def write_tables(
    folder: Path,
    name: str,
    table: Table,
    classes: Classes,
    attributes: Mapping[str, str],
    measured: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write ``{name}.parquet`` and ``{name}.csv``.

    measured: units of the columns of measured fields. Parquet has `units` in the metadata of each
    column that has some.

    Lists are lists in Parquet and joined by spaces in CSV. Parquet has one row group per year if
    the table has a column `year`, so that each year can be read alone; its metadata hold
    `attributes` and the classes. CSV, which has no metadata, names the class in a column `feature`.
    """
    with table_files(folder, name, classes, attributes, measured) as files:
        files.append(table)


@contextlib.contextmanager
def table_files(
    folder: Path,
    name: str,
    classes: Classes,
    attributes: Mapping[str, str],
    measured: Mapping[str, str] = MappingProxyType({}),
) -> Iterator["TableFiles"]:
    """Yield ``{name}.parquet`` and ``{name}.csv`` to be written as `write_tables` does, in pieces.

    At least one piece must be appended, which may be empty.
    """
    metadata = dict(attributes) | {"classes": class_metadata(classes)}
    with writing(folder / f"{name}.parquet") as parquet, writing(folder / f"{name}.csv") as csv:
        with contextlib.ExitStack() as stack:
            yield TableFiles(parquet, csv, classes, metadata, measured, stack)
        add_seal(parquet, before=_footer_length(parquet))


def _with_units(field: pyarrow.Field, measured: Mapping[str, str]) -> pyarrow.Field:
    units = units_of(field.name, measured)
    return field.with_metadata({"units": units}) if units else field


class TableFiles:
    """Two files of one table, appended to. rows: how many there are so far."""

    def __init__(
        self,
        parquet: Path,
        csv: Path,
        classes: Classes,
        metadata: Mapping[str, str],
        measured: Mapping[str, str],
        stack: contextlib.ExitStack,
    ) -> None:
        self._paths, self._classes, self._metadata = (parquet, csv), classes, metadata
        self._stack, self._measured = stack, measured
        self._writers: tuple[Any, Any] | None = None
        self.rows = 0

    def append(self, table: Table) -> None:
        """Write the next rows, with a row group for each year."""
        columns = pyarrow.table({key: _column(values) for key, values in table.items()})
        units = [_with_units(one, self._measured) for one in columns.schema]
        columns = columns.cast(pyarrow.schema(units)).replace_schema_metadata(self._metadata)
        text = _for_csv(columns, table, self._classes)
        if self._writers is None:
            parquet, csv = self._paths
            self._writers = (
                self._stack.enter_context(
                    pyarrow.parquet.ParquetWriter(parquet, columns.schema, write_page_checksum=True)
                ),
                self._stack.enter_context(pyarrow.csv.CSVWriter(csv, text.schema)),
            )
        elif not columns.num_rows:
            return
        for rows in _row_groups(table):
            self._writers[0].write_table(columns.slice(rows.start, rows.stop - rows.start))
        self._writers[1].write_table(text)
        self.rows += columns.num_rows

    def describe(self, attributes: Mapping[str, str]) -> None:
        """Add to the metadata of the Parquet file, after the first piece."""
        assert self._writers is not None
        self._writers[0].add_key_value_metadata(dict(attributes))


def _footer_length(path: Path | str) -> int:
    """Return the bytes from the metadata of a Parquet file to its end (its last 8 say how many)."""
    with Path(path).open("rb") as stream:
        stream.seek(-8, 2)
        return int.from_bytes(stream.read(4), "little") + 8


@contextlib.contextmanager
def reading_parquet(path: Path | str) -> Iterator[None]:
    """Check the seal of a Parquet file, if it has one; turn errors of reading it into sentences.

    Raises:
        BadInput: it is not there, may not be read, or is damaged.

    """
    if not Path(path).is_file():
        raise BadInput(f"there is no {path}: link the events first (scripts/link_events.py)")
    try:
        if not is_sealed(path, before=_footer_length(path)) and has_magic(path):
            raise Damaged(path, "its seal is not where it was written")
        yield
    except pyarrow.ArrowMemoryError:
        raise
    except PermissionError as error:
        raise BadInput(f"{path} may not be read: no permission") from error
    except (OSError, pyarrow.ArrowException) as error:
        raise Damaged(path, str(error).partition("\n")[0]) from error


def _for_csv(columns: pyarrow.Table, table: Table, classes: Classes) -> pyarrow.Table:
    for k, values in enumerate(table.values()):
        if isinstance(values, list):
            joined = pyarrow.array([" ".join(map(str, one)) for one in values], pyarrow.string())
            columns = columns.set_column(k, columns.field(k).name, joined)
    names = pyarrow.array(features(table, classes), pyarrow.string())
    position = columns.column_names.index("class") + 1
    return columns.add_column(position, "feature", names)


def features(table: Table, classes: Classes) -> list[str]:
    """Return the short name of the class of each row."""
    short = {feature.code: feature.short for feature in classes.features}
    return [short[code] for code in table["class"].tolist()]


def _column(values: Any) -> pyarrow.Array:
    if isinstance(values, list):
        return pyarrow.array(values, pyarrow.list_(pyarrow.int64()))
    if values.dtype == object:
        return pyarrow.array(values, pyarrow.string())
    return pyarrow.array(values)


def _row_groups(table: Table) -> Iterator[slice]:
    size = len(next(iter(table.values())))
    if "year" not in table or not size:
        yield slice(0, size)
        return
    bounds = np.flatnonzero(np.diff(table["year"])) + 1
    for first, last in zip([0, *bounds], [*bounds, size], strict=True):
        yield slice(int(first), int(last))


def class_metadata(classes: Classes) -> str:
    """Return code, name, short name and kind of each class as JSON."""
    facts = ("code", "name", "short", "kind")
    return json.dumps([{key: getattr(one, key) for key in facts} for one in classes.features])


def read_classes(path: Path | str, table: ClassTable | None = None) -> Classes:
    """Return the classes of a Parquet table of ours.

    table: the study's `classes:`; without it, short names and kinds are those of the file.

    Raises:
        BadInput: the file does not say which classes its codes are.

    """
    with reading_parquet(path):
        metadata = pyarrow.parquet.read_schema(path).metadata or {}
    if b"classes" not in metadata:
        raise BadInput(
            f"{path} has no metadata `classes`, which name the codes of its column class: "
            "make it again with scripts/link_events.py"
        )
    stored = json.loads(metadata[b"classes"])
    own = {one["name"]: {"short": one["short"], "kind": one["kind"]} for one in stored}
    codes, names = (
        [one["code"] for one in stored],
        [one["name"].replace(" ", "_") for one in stored],
    )
    return Classes.of_flags(codes, " ".join(names), own if table is None else table)


def doubts_of_table(path: Path | str) -> str:
    """Return what the events of a Parquet table are doubted for, a line each."""
    return (_footer_of(path).metadata or {}).get(b"doubts", b"").decode()


def read_table(
    path: Path | str, columns: Sequence[str] | None = None, year: int | None = None
) -> Table:
    """Return some or all columns of a Parquet table, of one year if it is given.

    Raises:
        BadInput: the file or a column is missing.

    """
    needed = [] if year is None else ["year"]
    names = None if columns is None else list(dict.fromkeys([*columns, *needed]))
    with _opening(path, names) as file:
        table = file.read_row_groups(_groups_of(file, year), names)
    arrays = {name: table[name].to_numpy() for name in table.column_names}
    rows = slice(None) if year is None else arrays["year"] == year
    return {name: arrays[name][rows] for name in (arrays if columns is None else columns)}


def check_columns(path: Path | str, columns: Sequence[str]) -> None:
    """Check that a Parquet table has some columns.

    Raises:
        BadInput: the file or a column is missing.

    """
    with _opening(path, columns):
        pass


def read_in_parts(path: Path | str, columns: Sequence[str]) -> Iterator[Table]:
    """Yield columns of a Parquet table, some rows at a time, none at first.

    Raises:
        BadInput: the file or a column is missing.

    """
    with _opening(path, columns) as file:
        none = pyarrow.RecordBatch.from_pylist([], file.schema_arrow)
        parts = file.iter_batches(ROWS_AT_ONCE, columns=list(columns), use_threads=False)
        for part in itertools.chain([none], parts):
            yield {name: part[name].to_numpy(zero_copy_only=False) for name in columns}


@contextlib.contextmanager
def _opening(
    path: Path | str, columns: Sequence[str] | None
) -> Iterator[pyarrow.parquet.ParquetFile]:
    """Yield a Parquet file that has these columns."""
    # Not `read_table`, whose filters import what takes a short job half its time.
    with (
        reading_parquet(path),
        pyarrow.parquet.ParquetFile(
            path, metadata=_footer_of(path), page_checksum_verification=True
        ) as file,
    ):
        have = file.schema_arrow.names
        if missing := [name for name in columns or () if name not in have]:
            raise BadInput(
                f"{path} lacks the columns {missing}; it has {have}: "
                "make it again with scripts/link_events.py"
            )
        yield file


def _footer_of(path: Path | str) -> pyarrow.parquet.FileMetaData:
    """Read the footer of a Parquet file, which of many years is long, once for each state of it."""
    stat = Path(path).stat()
    return _read_footer(str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _read_footer(path: str, *state: int) -> pyarrow.parquet.FileMetaData:
    return pyarrow.parquet.read_metadata(path)


def _groups_of(file: pyarrow.parquet.ParquetFile, year: int | None) -> list[int]:
    """Return the row groups that may hold a year's rows."""
    groups = range(file.num_row_groups)
    if year is None:
        return list(groups)
    # Not `file.schema`: it and its parts hold each other, and the footer with them.
    parts = [file.metadata.row_group(k) for k in groups]
    names = [part.column(k).path_in_schema for part in parts[:1] for k in range(part.num_columns)]
    found = [part.column(names.index("year")).statistics for part in parts]
    return [
        k
        for k, one in zip(groups, found, strict=True)
        if one is None or not one.has_min_max or one.min <= year <= one.max
    ]
