"""Tables as text: terminal, CSV, LaTeX, Markdown, HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from analysis.table import Cell, Row, Table
from analysis.text import words

BEST_MARK: Final = "*"
MOST_ROWS: Final = 200
_SPACE: Final = 2


def to_csv(table: Table) -> str:
    """One line a cell: the keys, column, mean, sd, seeds, cells, best; numbers unrounded."""
    data = table.marked()
    columns = [*table.keys, "column", "mean", "sd", "seeds", "cells", "best"]
    return str(data[columns].to_csv(index=False))


def _remark(text: str) -> str:
    return f" ({text})" if text else ""


def _headings(table: Table) -> list[str]:
    return [*(words(key) for key in table.keys), *table.columns.values()]


def to_markdown(table: Table) -> str:
    """A pipe table; the best of a row in bold."""

    def line(parts: Sequence[str]) -> str:
        return "| " + " | ".join(part.replace("|", "\\|") for part in parts) + " |"

    def shown(cell: Cell) -> str:
        return (f"**{cell.text}**" if cell.best else cell.text) + _remark(cell.remark)

    lines = [f"**{table.title}.** {table.caption}", "", line(_headings(table))]
    lines.append(line(["---"] * len(table.keys) + ["---:"] * len(table.columns)))
    lines += [line([*_keys_with_remark(row), *map(shown, row.cells)]) for row in table.rows]
    return "\n".join(lines) + "\n"


def _keys_with_remark(row: Row) -> list[str]:
    return [*row.keys[:-1], row.keys[-1] + _remark(row.remark)]


_LATEX: Final = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "−": r"$-$",
}


def _latex(text: str) -> str:
    """Text with LaTeX's special characters escaped.

    >>> print(_latex("10% of a_b ± 1"))
    10\\% of a\\_b $\\pm$ 1
    """
    return re.sub(r"[\\&%$#_{}~^±−]", lambda match: _LATEX[match[0]], text)


def to_latex(table: Table) -> str:
    """A ``table`` environment with booktabs rules; the best of a row in bold."""

    def shown(cell: Cell) -> str:
        text = _latex(cell.text)
        return (rf"\textbf{{{text}}}" if cell.best else text) + _latex(_remark(cell.remark))

    def line(parts: Sequence[str]) -> str:
        return " & ".join(parts) + r" \\"

    body = [
        line([*map(_latex, _keys_with_remark(row)), *map(shown, row.cells)]) for row in table.rows
    ]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs} and, for wide tables, \\usepackage{graphicx}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_latex(table.title)}. {_latex(table.caption)}}}",
            rf"\label{{tab:{table.name}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{{'l' * len(table.keys)}{'r' * len(table.columns)}}}",
            r"\toprule",
            line(list(map(_latex, _headings(table)))),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table}",
            "",
        ]
    )


def to_html(table: Table) -> str:
    """A ``figure`` with one table; everything from the data is escaped."""

    def shown(cell: Cell) -> str:
        text = html.escape(cell.text)
        text = f"<strong>{text}</strong>" if cell.best else text
        return f"<td>{text}{html.escape(_remark(cell.remark))}</td>"

    keys = "".join(f'<th scope="col">{html.escape(words(key))}</th>' for key in table.keys)
    columns = "".join(
        f'<th scope="col" title="{html.escape(name)}">{html.escape(heading)}</th>'
        for name, heading in table.columns.items()
    )
    lines = ["<figure>", f"<figcaption><b>{html.escape(table.title)}.</b> "]
    lines += [
        f"{html.escape(table.caption)}</figcaption>",
        '<div class="scroll"><table class="cells">',
    ]
    lines += [f"<thead><tr>{keys}{columns}</tr></thead>", "<tbody>"]
    for row in table.rows:
        heads = (f'<th scope="row">{html.escape(k)}</th>' for k in _keys_with_remark(row))
        lines.append(f"<tr>{''.join(heads)}{''.join(map(shown, row.cells))}</tr>")
    return "\n".join([*lines, "</tbody></table></div>", "</figure>", ""])


FORMATS: Final[dict[str, tuple[str, Callable[[Table], str]]]] = {
    "csv": ("csv", to_csv),
    "latex": ("tex", to_latex),
    "markdown": ("md", to_markdown),
    "html": ("html", to_html),
}


def print_table(table: Table, console: Console) -> None:
    """Print a table that fits the window.

    Keys of sections head a section instead of taking columns. Where the columns still do not
    fit, signals go down instead of across, or the columns go in several parts. Of a long table
    the first rows are printed.
    """
    console.print(Text(table.title, style="bold"), Text(table.caption, style="dim"), sep="\n")
    parts = _parts(table, console.width)
    if len(parts) > 1 and table.signals_across and table.sections:
        table = table.transposed()
        parts = _parts(table, console.width)
    for part in parts:
        console.print(_rich(table, part))
    if (left := len(table.rows) - MOST_ROWS) > 0:
        console.print(f"and {left} more rows: --out writes them, --only narrows them", style="dim")
    console.print()


def _shown(cell: Cell) -> Text:
    text = Text(_compact(cell), style="bold" if cell.best else "")
    return text.append(_remark(cell.remark), style="dim")


def _compact(cell: Cell) -> str:
    return cell.text.replace(" ", "") + BEST_MARK * cell.best


def _parts(table: Table, width: int) -> list[list[int]]:
    """Numbers of the columns that go together."""
    split = table.sections
    rows = table.rows[:MOST_ROWS]
    widths = [
        max([len(heading), *(_width(row.cells[i]) for row in rows)]) + _SPACE
        for i, heading in enumerate(table.columns.values())
    ]
    inner = [_keys_with_remark(row)[split:] for row in rows]
    names = [words(key) for key in table.keys][split:]
    used = sum(
        max([len(name), *(len(keys[i]) for keys in inner)]) + _SPACE for i, name in enumerate(names)
    )
    parts: list[list[int]] = [[]]
    room = width - used
    for number, needed in enumerate(widths):
        if parts[-1] and needed > room:
            parts.append([])
            room = width - used
        parts[-1].append(number)
        room -= needed
    return parts


def _width(cell: Cell) -> int:
    return len(_compact(cell)) + len(_remark(cell.remark))


def _rich(table: Table, part: Sequence[int]) -> RichTable:
    split = table.sections
    made = RichTable(box=None, pad_edge=False, header_style="bold", collapse_padding=True)
    headings = _headings(table)
    for name in headings[split : len(table.keys)]:
        made.add_column(Text(name), no_wrap=False, overflow="fold")
    for number in part:
        made.add_column(Text(headings[len(table.keys) + number]), justify="right", no_wrap=True)
    for section, rows in groupby(table.rows[:MOST_ROWS], key=lambda row: row.keys[:split]):
        if section:
            made.add_row(Text(" · ".join(section), style="italic"))
        for row in rows:
            keys = (Text(text) for text in _keys_with_remark(row)[split:])
            made.add_row(*keys, *(_shown(row.cells[number]) for number in part))
    return made
