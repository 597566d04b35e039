"""Tables in the terminal, never wider than the window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from analysis.rendering.table import Cell, Row, Table, with_remark
from analysis.rendering.text import tight

BEST_MARK: Final = "*"
#: Characters of a line where the output is not a terminal.
FILE_WIDTH: Final = 120
MOST_ROWS: Final = 200
_SPACE: Final = 2


def print_table(table: Table, console: Console) -> None:
    """Print a table that fits the window.

    Leading keys head sections. Where the columns do not fit, long keys are broken into lines, and
    then the columns are printed in several parts. Only the first rows of a long table are printed.
    """
    console.print(Text(table.title, style="bold"), Text(table.caption, style="dim"), sep="\n")
    sections = list(table.by_section(MOST_ROWS))
    every = [row for _, rows in sections for row in rows]
    names = table.headings[table.sections : len(table.keys)]
    headings = list(table.columns.values())
    widths = [
        max(_longest_word(heading), *(len(_plain(row.cells[i])) for row in every))
        for i, heading in enumerate(headings)
    ]
    texts = list(zip(names, *(row.keys for row in every), strict=True))
    keys = [max(map(len, column)) for column in texts]
    if sum(keys) + sum(widths) + _SPACE * len([*keys, *widths]) > console.width:
        room = console.width // (2 * len(keys))
        keys = [
            min(wide, max(room, *map(_longest_word, column)))
            for wide, column in zip(keys, texts, strict=True)
        ]
    for part in _parts(widths, console.width - sum(keys) - _SPACE * len(keys)):
        plan = [*zip(names, keys, strict=True)], [(headings[i], widths[i]) for i in part]
        console.print(_grid(*plan, [], part))
        for section, rows in sections:
            if section:
                console.print(Text(" · ".join(section), style="italic"))
            console.print(_grid(*plan, rows, part))
    if (left := len(table.rows) - MOST_ROWS) > 0:
        console.print(f"and {left} more rows: --out writes them, --only narrows them", style="dim")
    console.print()


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=1)


def _parts(widths: Sequence[int], room: int) -> Iterator[list[int]]:
    """The numbers of the columns of each part: as many as fit, at least one.

    >>> list(_parts([8, 8, 8, 30], 20))
    [[0, 1], [2], [3]]
    """
    part: list[int] = []
    for number, width in enumerate(widths):
        if part and sum(widths[i] + _SPACE for i in part) + width + _SPACE > room:
            yield part
            part = []
        part.append(number)
    yield part


def _grid(
    keys: Iterable[tuple[str, int]],
    columns: Iterable[tuple[str, int]],
    rows: Sequence[Row],
    part: Sequence[int],
) -> RichTable:
    """These columns of the rows; without rows, the headings."""
    made = RichTable(
        box=None,
        pad_edge=False,
        padding=(0, _SPACE, 0, 0),
        header_style="bold",
        show_header=not rows,
    )
    for heading, width in keys:
        made.add_column(Text(heading), width=width, overflow="fold")
    for heading, width in columns:
        made.add_column(Text(heading), width=width, justify="right", overflow="fold")
    for row in rows:
        made.add_row(*map(Text, row.keys), *(_styled(row.cells[number]) for number in part))
    return made


def _plain(cell: Cell) -> str:
    return with_remark(tight(cell.text) + BEST_MARK * cell.best, cell.remark)


def _styled(cell: Cell) -> Text:
    text = Text(tight(cell.text) + BEST_MARK * cell.best, style="bold" if cell.best else "")
    return text.append(with_remark("", cell.remark), style="dim")
