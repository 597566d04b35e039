"""Tables as files: CSV, LaTeX, Markdown, HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from analysis.rendering.table import Cell, Row, Table
from analysis.rendering.text import tight, words

#: A longer LaTeX table goes over pages, in small print, and a wider one of those is turned;
#: longer keys are broken, in HTML too.
_PAGE_ROWS: Final = 40
_PAGE_COLUMNS: Final = 8
_LONG_KEY: Final = 30


def to_csv(table: Table) -> str:
    """One line a cell: the keys, column, mean, sd, seeds, cells, best; numbers unrounded."""
    data = table.marked()
    columns = [*table.keys, "column", "mean", "sd", "seeds", "cells", "best"]
    return str(data[columns].to_csv(index=False))


def remark(text: str) -> str:
    return f" ({text})" if text else ""


def headings(table: Table) -> list[str]:
    return [*(words(key) for key in table.keys), *table.columns.values()]


def to_markdown(table: Table) -> str:
    """A pipe table; the best of a row in bold."""

    def line(parts: Sequence[str]) -> str:
        return "| " + " | ".join(part.replace("|", "\\|") for part in parts) + " |"

    def shown(cell: Cell) -> str:
        return (f"**{cell.text}**" if cell.best else cell.text) + remark(cell.remark)

    lines = [f"**{table.title}.** {table.caption}", "", line(headings(table))]
    lines.append(line(["---"] * len(table.keys) + ["---:"] * len(table.columns)))
    lines += [line([*keys_with_remark(row), *map(shown, row.cells)]) for row in table.rows]
    return "\n".join(lines) + "\n"


def keys_with_remark(row: Row) -> list[str]:
    return [*row.keys[:-1], row.keys[-1] + remark(row.remark)]


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


def new_keys(keys: Sequence[str], before: Sequence[str]) -> list[str]:
    """Keys without those that the row above has said; the last is always said.

    >>> new_keys(["a", "b", "c"], ["a", "b", "x"]), new_keys(["a", "b", "c"], ["z", "b", "c"])
    (['', '', 'c'], ['a', 'b', 'c'])
    """
    told = 0
    while told < min(len(keys) - 1, len(before)) and keys[told] == before[told]:
        told += 1
    return ["" if i < told else key for i, key in enumerate(keys)]


def to_latex(table: Table) -> str:
    """A table with booktabs rules, over several pages where it is long; the best of a row in bold.

    Keys of sections head a section instead of taking columns.
    """
    long = len(table.rows) > _PAGE_ROWS
    head = _latex_line(map(_latex, headings(table)[table.sections :]))
    caption = rf"\caption{{{_latex(table.title)}. {_latex(table.caption)}}}"
    label = rf"\label{{tab:{table.name}}}"
    columns = f"{{{_latex_columns(table)}}}"
    turned = long and len(table.columns) > _PAGE_COLUMNS
    if long:
        frame = [
            *[r"\begin{landscape}"] * turned,
            r"{\scriptsize\setlength{\tabcolsep}{3pt}\setlength{\LTcapwidth}{\linewidth}",
            rf"\begin{{longtable}}{columns}",
            rf"{caption}{label}\\",
            *(r"\toprule", head, r"\midrule", r"\endfirsthead"),
            *(r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot"),
        ]
        end = [r"\end{longtable}}", *[r"\end{landscape}"] * turned]
    else:
        frame = [
            *(r"\begin{table}", r"\centering", r"\setlength{\belowcaptionskip}{6pt}"),
            *(caption, label),
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{columns}",
            *(r"\toprule", head, r"\midrule"),
        ]
        end = [r"\bottomrule", r"\end{tabular}}", r"\end{table}"]
    packages = "array,booktabs" + (",longtable" if long else ",graphicx") + ",pdflscape" * turned
    return "\n".join(
        [
            f"% needs \\usepackage{{{packages}}}",
            *frame,
            *_latex_rows(table, tight if long else str),
            *end,
            "",
        ]
    )


def _latex_line(parts: Iterable[str]) -> str:
    return " & ".join(parts) + r" \\"


def _latex_columns(table: Table) -> str:
    """Columns to the left for keys, with a width where texts are long, to the right for cells."""
    keys = zip(*(keys_with_remark(row) for row in table.rows), strict=True)
    wide = [max(map(len, texts)) > _LONG_KEY for texts in keys][table.sections :]
    broken = r">{\raggedright\arraybackslash}p{4.5cm}"
    return "".join(broken if long else "l" for long in wide) + "r" * len(table.columns)


def _latex_rows(table: Table, written: Callable[[str], str]) -> Iterator[str]:
    def shown(cell: Cell) -> str:
        text = _latex(written(cell.text))
        return (rf"\textbf{{{text}}}" if cell.best else text) + _latex(remark(cell.remark))

    split = table.sections
    width = len(table.keys) - split + len(table.columns)
    for number, (section, rows) in enumerate(groupby(table.rows, lambda row: row.keys[:split])):
        if section:
            yield from [r"\addlinespace"] * (number > 0)
            yield rf"\multicolumn{{{width}}}{{l}}{{\textit{{{_latex(', '.join(section))}}}}} \\*"
        before: Sequence[str] = ()
        for row in rows:
            keys = keys_with_remark(row)[split:]
            yield _latex_line([*map(_latex, new_keys(keys, before)), *map(shown, row.cells)])
            before = keys


def to_html(table: Table) -> str:
    """A ``figure`` with one table; everything from the data is escaped."""

    def shown(cell: Cell) -> str:
        text = html.escape(cell.text)
        text = f"<strong>{text}</strong>" if cell.best else text
        return f"<td>{text}{html.escape(remark(cell.remark))}</td>"

    def head(key: str) -> str:
        width = ' class="long"' if len(key) > _LONG_KEY else ""
        return f'<th scope="row"{width}>{html.escape(key)}</th>'

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
        heads = map(head, keys_with_remark(row))
        lines.append(f"<tr>{''.join(heads)}{''.join(map(shown, row.cells))}</tr>")
    return "\n".join([*lines, "</tbody></table></div>", "</figure>", ""])


FORMATS: Final[dict[str, tuple[str, Callable[[Table], str]]]] = {
    "csv": ("csv", to_csv),
    "latex": ("tex", to_latex),
    "markdown": ("md", to_markdown),
    "html": ("html", to_html),
}
