"""A table's rows as pieces of text, whichever kind of file holds them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ml.data.text import parquet
from ml.data.text.dialect import Dialect, dialect_as, places_in
from ml.data.text.records import Piece, pieces
from ml.home import at_home


class Source:
    """A file of a table, CSV packed or plain, or Parquet.

    Attributes:
        path: Where.
        header: Names of its columns as they stand.

    Args:
        path: Where.
        wanted: Columns that it must have.
        purpose: Who wants them, for the sentence on those that are missing: "the task needs".
        encoding: Of a CSV file; none to find it out.
        separator: Likewise.

    Raises:
        DataError: When it is no table, or a column is missing or stands there twice.
    """

    def __init__(
        self,
        path: Path,
        wanted: Sequence[str],
        purpose: str,
        encoding: str | None = None,
        separator: str | None = None,
    ) -> None:
        self.path = at_home(path)
        self._dialect: Dialect | None = None
        if parquet.is_parquet(self.path):
            self.header = parquet.header(self.path)
            self._places = places_in(self.header, wanted, self.path, purpose)
        else:
            self._dialect = dialect_as(self.path, wanted, purpose, encoding, separator)
            self.header = self._dialect.header
            self._places = dict(self._dialect.places)

    def spelt(self, name: str) -> str:
        """Return the name of a wanted column as the header has it."""
        return self.header[self._places[name]]

    def nested(self) -> dict[str, str]:
        """Return by name the kinds of those columns that hold lists or the like; a CSV file has none."""
        return {} if self._dialect else parquet.nested(self.path)

    @property
    def separator(self) -> str | None:
        """Between cells of a CSV file."""
        return self._dialect.separator if self._dialect else None

    @property
    def encoding(self) -> str | None:
        """Of a CSV file."""
        return self._dialect.encoding if self._dialect else None

    def pieces(self, names: Sequence[str]) -> Iterator[Piece]:
        """Yield the rows, of the wanted columns `names` only.

        Raises:
            DataError: When the file is cut off or damaged.
        """
        if self._dialect is not None:
            return pieces(self.path, self._dialect, names)
        stored = {self.header[self._places[name]]: name for name in names}
        found = parquet.parquet_pieces(self.path, list(stored))
        return (
            Piece({stored[name]: cells for name, cells in piece.columns.items()}, piece.lines, piece.broken)
            for piece in found
        )
