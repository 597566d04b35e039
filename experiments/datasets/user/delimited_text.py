"""CSV and other delimited text: parsed strictly, and rewritten without touching other bytes.

A parser that guesses shifts columns. Here every row must have as many fields as the header, all
cells are read as text, and typing them is a separate step (:mod:`experiments.datasets.user.cells`).
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from common.errors import UserError
from experiments.machine import MIB, available_mib, check_memory

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
SEPARATORS = (",", ";", "\t", "|")
TEXT_BYTES = 4
"""Memory for each byte of a file: its content, as text, and the cells."""
CELL_BYTES = 72
"""Memory for each cell besides that: offsets, the typed column, and the features in float64."""
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE = re.compile(r"[^\r\n]+")
_HEADER = re.compile(r'(?:"[^"]*"|[^"\r\n])+|[^\r\n]+')
"""The first record; a quoted name may contain a line break."""


@dataclass(frozen=True)
class DelimitedText:
    """A file of delimited text.

    Attributes:
        path: the file.
        text: its whole content; the byte order mark, if there is one, is the first character.
        encoding: of the file.
        separator: between fields.
        names: the header, in the order of the columns; a name may occur more than once, and an
            empty one is ``Unnamed: <position>``.
        cells: one text column for each name, without the header.
    """

    path: Path
    text: str
    encoding: str
    separator: str
    names: tuple[str, ...]
    cells: tuple[pa.ChunkedArray, ...]

    def __len__(self) -> int:
        return len(self.cells[0])


def is_delimited(path: Path) -> bool:
    """Whether the name of the file says that it is delimited text."""
    return path.name.lower().endswith(SUFFIXES)


def read_delimited(path: Path, rows_needed: int = 1) -> DelimitedText:
    """Read a file of at least this many rows below the header.

    The separator is the one of comma, semicolon, tab and vertical bar that the header contains; if
    it contains several, the first that gives all rows the same number of fields.

    Raises:
        UserError: the file is not text in UTF-8 or UTF-16, is empty, or a row has another number of
            fields than the header.
    """
    text, encoding = _decoded(path)
    header = _HEADER.search(text.removeprefix("\ufeff"))
    if header is None:
        raise UserError(f"{path} is empty")
    if header.group().lower().startswith("sep="):
        raise UserError(
            f"{path} begins with {header.group()[:10]!r}, which only Excel understands; remove "
            "this line"
        )
    unquoted = re.sub(r'"[^"]*"', "", header.group())
    candidates = [separator for separator in SEPARATORS if separator in unquoted]
    rows = max(map(text.count, "\r\n")) - text.endswith(("\r", "\n"))
    columns = 1 + max(map(unquoted.count, SEPARATORS))
    check_memory(f"{path}: {rows} rows of {columns} columns", CELL_BYTES * rows * columns)
    if not candidates:
        raise UserError(
            f"{path} has a single column, {header.group()[:40]!r}; a table needs a label and "
            "features, and no lines before its header"
        )
    failure: UserError | None = None
    for separator in candidates:
        try:
            parsed = _parsed(path, text.removeprefix("\ufeff"), separator)
        except UserError as error:
            failure = failure or error
            continue
        if parsed.num_rows <= rows_needed:
            raise UserError(f"{path} has no rows")
        _check_closed(path, text, str(parsed.columns[-1][-1]))
        header_cells = (str(column[0]).strip() for column in parsed.columns)
        names = tuple(name or f"Unnamed: {place}" for place, name in enumerate(header_cells))
        cells = tuple(column.slice(1) for column in parsed.columns)
        return DelimitedText(path, text, encoding, separator, names, cells)
    raise failure or UserError(f"{path} cannot be read")


def _decoded(path: Path) -> tuple[str, str]:
    try:
        size = path.stat().st_size
        check_memory(f"{path}: {size} bytes of text", TEXT_BYTES * size)
        content = _unpacked(path) if path.name.lower().endswith(".gz") else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path} is not {encoding.upper()} text (line {line}: byte "
            f"0x{content[error.start]:02x}); save it as UTF-8"
        ) from error
    if "\0" in text:
        raise UserError(f"{path} is not text: it contains zero bytes")
    return text, encoding


def _unpacked(path: Path) -> bytes:
    """The content of a gzip file, if it fits into memory: a small file may hold gigabytes."""
    limit = int(available_mib() * MIB / TEXT_BYTES)
    with gzip.open(path) as file:
        content = file.read(limit + 1)
    check_memory(f"{path}: at least {len(content)} bytes of text", TEXT_BYTES * len(content))
    return content


def _parsed(path: Path, text: str, separator: str, columns: int = 0) -> pa.Table:
    """All records, the header among them, as text columns."""
    expected = columns or text.split("\n", 1)[0].count(separator) + 1
    wrong: list[csv.InvalidRow] = []

    def refuse(row: csv.InvalidRow) -> str:
        wrong.append(row)
        return "error"

    content = text.encode() + b"\n"  # a header alone needs it
    try:
        table = csv.read_csv(
            pa.BufferReader(content),
            read_options=csv.ReadOptions(
                use_threads=False,
                block_size=min(len(content) + 1, 1 << 30),
                autogenerate_column_names=True,
            ),
            parse_options=csv.ParseOptions(
                delimiter=separator, newlines_in_values='"' in text, invalid_row_handler=refuse
            ),
            convert_options=csv.ConvertOptions(
                column_types={f"f{number}": pa.string() for number in range(expected)},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if wrong:
            raise UserError(
                f"{path}: row {wrong[0].number - 2} has {wrong[0].actual_columns} fields and the "
                f"header has {wrong[0].expected_columns}: {wrong[0].text[:60]!r}"
            ) from error
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())[:200]}") from error
    if table.num_columns > expected:  # a line break inside a quoted name
        return _parsed(path, text, separator, table.num_columns)
    return table


def _check_closed(path: Path, text: str, last: str) -> None:
    """Raise ``UserError`` if the last cell holds all lines after a quote that nothing closes."""
    lines = last.rstrip().splitlines()
    if len(lines) > 1 and not text.rstrip("\r\n").endswith('"'):
        raise UserError(
            f"{path}: the quote before {lines[0][:40]!r} is not closed, so that the "
            f"{len(lines) - 1} lines after it belong to one cell; close or remove it"
        )


def rewritten(
    sources: Sequence[DelimitedText],
    which: int,
    label: str,
    kept: NDArray[np.int64],
    label_rows: NDArray[np.int64],
) -> bytes:
    """One of several files with rows dropped and labels replaced; all other bytes are unchanged.

    Args:
        sources: files whose rows are counted together, one after the other.
        which: the file to rewrite.
        label: name of the label column.
        kept: rows that are kept.
        label_rows: for each row, the row whose label it gets, as it is spelled there.

    Raises:
        UserError: the quotes of a file do not allow its fields to be located with certainty.
    """
    source = sources[which]
    starts = np.cumsum([0, *map(len, sources)])
    keep = np.zeros(starts[-1], dtype=bool)
    keep[kept] = True
    records = [_records(one) for one in sources]
    end = records[which][0][1]
    pieces = [source.text[:end]]
    for row, (start, stop) in enumerate(records[which][1:], start=int(starts[which])):
        gap, end = source.text[end:start], stop  # the line break before the record
        if not keep[row]:
            continue
        pieces.append(gap)
        origin = int(label_rows[row])
        if origin == row:
            pieces.append(source.text[start:stop])
            continue
        other = int(np.searchsorted(starts, origin, side="right")) - 1
        record = records[other][1 + origin - int(starts[other])]
        spelled = sources[other].text[slice(*_field(sources[other], record, label))]
        first, last = _field(source, (start, stop), label)
        pieces += [source.text[start:first], spelled, source.text[last:stop]]
    pieces.append(source.text[end:])
    content = "".join(pieces).encode(source.encoding)
    return gzip.compress(content) if source.path.name.lower().endswith(".gz") else content


def _records(source: DelimitedText) -> list[tuple[int, int]]:
    """Start and end of each record, the header first, without its line break."""
    record = _LINE
    if '"' in source.text:
        field = _field_pattern(source.separator)
        record = re.compile(
            rf"(?!\Z|[\r\n])(?:{field})(?:{re.escape(source.separator)}(?:{field}))*"
        )
    start = 1 if source.text.startswith("\ufeff") else 0
    spans = [found.span() for found in record.finditer(source.text, start)]
    if len(spans) != len(source) + 1:
        raise UserError(f"{source.path}: quotes that cannot be rewritten with certainty")
    return spans


def _field(source: DelimitedText, record: tuple[int, int], label: str) -> tuple[int, int]:
    """Start and end of one field of a record, quotes included."""
    pattern = re.compile(_field_pattern(source.separator))
    start = record[0]
    for _ in range(source.names.index(label)):
        found = pattern.match(source.text, start, record[1])
        assert found is not None  # noqa: S101  # the pattern matches the empty field
        start = found.end() + 1
    found = pattern.match(source.text, start, record[1])
    assert found is not None  # noqa: S101  # likewise
    return found.span()


def _field_pattern(separator: str) -> str:
    plain = rf"[^{re.escape(separator)}\r\n]"
    return rf'"(?:[^"]|"")*"{plain}*|(?!"){plain}*'
