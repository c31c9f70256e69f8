"""A table that grows on disk, piece by piece, and is read piece by piece once it is complete."""

import pickle
import tempfile
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from stormtrace.files import in_temporary_folder
from stormtrace.formats.tables import Table


class Pieces:
    """A table in pieces, in a file without a name. rows: how many; names: of the columns."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed with the object
        self._ends: list[int] = [0]
        self.rows = 0
        self.names: tuple[str, ...] = ()

    def append(self, table: Table) -> None:
        """Add rows to the end; the first piece says which columns there are.

        Raises:
            BadInput: the temporary folder is full.

        """
        if self.names and not len(table[self.names[0]]):
            return
        self.names = self.names or tuple(table)
        with in_temporary_folder("tables are kept there until all years are linked"):
            self._file.seek(self._ends[-1])
            pickle.dump(table, self._file, protocol=pickle.HIGHEST_PROTOCOL)
            self._file.flush()
        self._ends.append(self._file.tell())
        self.rows += len(table[self.names[0]])

    def __iter__(self) -> Iterator[Table]:
        for start in self._ends[:-1]:
            self._file.seek(start)
            yield pickle.load(self._file)

    def column(self, name: str) -> Iterator[NDArray[Any]]:
        """Yield one column piece by piece."""
        return (table[name] for table in self)


def in_pieces(table: Table | Pieces) -> Pieces:
    """Return a table as one piece, and pieces as they are."""
    if isinstance(table, Pieces):
        return table
    pieces = Pieces()
    pieces.append(table)
    return pieces
