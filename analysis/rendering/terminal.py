"""Tables in the terminal: as wide as the window, never wider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from analysis.rendering.formats import headings, keys_with_remark, new_keys, remark
from analysis.rendering.table import Cell, Row, Table
from analysis.rendering.text import tight

BEST_MARK: Final = "*"
MOST_ROWS: Final = 200
_SPACE: Final = 2


def print_table(table: Table, console: Console) -> None:
    """Print a table that fits the window.

    Keys of sections head a section instead of taking columns. Where the columns do not fit, long
    keys are broken, then signals go down instead of across, then the columns go in several parts.
    Of a long table the first rows are printed.
    """
    console.print(Text(table.title, style="bold"), Text(table.caption, style="dim"), sep="\n")
    plan, notes = Plan.of(table, console.width), []
    if len(plan.parts) > 1 and table.signals_across and table.sections:
        notes = [f"{' '.join(row.keys)}: {row.remark}" for row in table.rows if row.remark]
        table = table.transposed()
        plan = Plan.of(table, console.width)
    for part in plan.parts:
        for piece in _pieces(table, plan, part):
            console.print(piece)
    if notes:
        console.print(Text("; ".join(notes), style="dim"))
    if (left := len(table.rows) - MOST_ROWS) > 0:
        console.print(f"and {left} more rows: --out writes them, --only narrows them", style="dim")
    console.print()


@dataclass(frozen=True)
class Plan:
    """Widths, in characters, and which columns go together.

    Attributes:
        keys: widths of the keys that take columns.
        columns: widths of the columns.
        parts: numbers of the columns of each part.
    """

    keys: list[int]
    columns: list[int]
    parts: list[list[int]]

    @classmethod
    def of(cls, table: Table, width: int) -> Plan:
        """A plan for a window of ``width`` characters."""
        split, rows = table.sections, table.rows[:MOST_ROWS]
        titles = headings(table)
        names, columns = titles[split : len(table.keys)], titles[len(table.keys) :]
        texts = zip(names, *(keys_with_remark(row)[split:] for row in rows), strict=True)
        keys = [(max(map(len, column)), _longest_word(column)) for column in texts]
        cells = [
            max(_longest_word([heading]), *(_width(row.cells[i]) for row in rows))
            for i, heading in enumerate(columns)
        ]
        fitted = _shrunk(keys, width - sum(cells) - _SPACE * len(cells) - _SPACE * len(keys))
        return cls(fitted, cells, _parts(cells, width - sum(fitted) - _SPACE * len(fitted)))


def _longest_word(texts: Iterable[str]) -> int:
    return max((len(word) for text in texts for word in text.split()), default=1)


def _shrunk(keys: Sequence[tuple[int, int]], room: int) -> list[int]:
    """Widths that fit the room where they can; each key is as wide as its text at most, as its
    longest word at least, and the widest give way first.

    >>> _shrunk([(10, 5), (40, 9)], 30), _shrunk([(10, 5), (40, 9)], 0)
    ([10, 20], [5, 9])
    """
    widths = [wide for wide, _ in keys]
    while sum(widths) > room:
        loose = [i for i, (_, least) in enumerate(keys) if widths[i] > least]
        if not loose:
            break
        widths[max(loose, key=widths.__getitem__)] -= 1
    return widths


def _parts(widths: Sequence[int], room: int) -> list[list[int]]:
    """Numbers of the columns that go together, one in each part at least."""
    parts: list[list[int]] = [[]]
    left = room
    for number, width in enumerate(widths):
        if parts[-1] and width + _SPACE > left:
            parts.append([])
            left = room
        parts[-1].append(number)
        left -= width + _SPACE
    return parts


def _pieces(table: Table, plan: Plan, part: Sequence[int]) -> Iterator[RichTable | Text]:
    """Of these columns the headings, then each section under its name."""
    yield _grid(table, plan, part)
    shown = table.rows[:MOST_ROWS]
    for section, rows in groupby(shown, key=lambda row: row.keys[: table.sections]):
        if section:
            yield Text(" · ".join(section), style="italic")
        yield _grid(table, plan, part, list(rows))


def _grid(
    table: Table, plan: Plan, part: Sequence[int], rows: Sequence[Row] | None = None
) -> RichTable:
    """These rows, or without them the headings."""
    split, titles = table.sections, headings(table)
    made = RichTable(
        box=None,
        pad_edge=False,
        padding=(0, _SPACE, 0, 0),
        header_style="bold",
        show_header=rows is None,
    )
    for name, width in zip(titles[split : len(table.keys)], plan.keys, strict=True):
        made.add_column(Text(name), width=width, overflow="fold")
    for number in part:
        heading = Text(titles[len(table.keys) + number])
        made.add_column(heading, width=plan.columns[number], justify="right", overflow="fold")
    before: Sequence[str] = ()
    for row in rows or ():
        keys = keys_with_remark(row)[split:]
        made.add_row(*new_keys(keys, before), *(_shown(row.cells[number]) for number in part))
        before = keys
    return made


def _shown(cell: Cell) -> Text:
    text = Text(_compact(cell), style="bold" if cell.best else "")
    return text.append(remark(cell.remark), style="dim")


def _compact(cell: Cell) -> str:
    return tight(cell.text) + BEST_MARK * cell.best


def _width(cell: Cell) -> int:
    return len(_compact(cell)) + len(remark(cell.remark))
