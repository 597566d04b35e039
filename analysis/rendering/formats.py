"""Tables as files: CSV, LaTeX, Markdown, HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from analysis.rendering.table import Table, with_remark
from analysis.rendering.text import tight

TEMPLATES: Final = Path(__file__).parents[1] / "templates"
#: A LaTeX table with more rows spans pages in small print, and in landscape with more columns.
_PAGE_ROWS: Final = 40
_PAGE_COLUMNS: Final = 8
#: Longer keys are broken into lines, in LaTeX and HTML.
_LONG_KEY: Final = 30
_LATEX: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "−": r"$-$",
} | {special: f"\\{special}" for special in "&%$#_{}"}


def latex(text: str) -> str:
    """Text with LaTeX's special characters escaped.

    >>> print(latex("10% of a_b ± 1"))
    10\\% of a\\_b $\\pm$ 1
    """
    return re.sub(r"[\\&%$#_{}~^±−]", lambda match: _LATEX[match[0]], text)


@cache
def environment() -> Environment:
    """The templates. In ``.html`` everything is escaped, in ``.tex`` what ``latex`` filters."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"latex": latex, "pipes": lambda text: text.replace("|", "\\|")}
    return made


def to_csv(table: Table) -> str:
    """One line per cell: the keys, column, mean, sd, seeds, cells, best; numbers unrounded."""
    columns = [*table.keys, "column", "mean", "sd", "seeds", "cells", "best"]
    return str(table.marked()[columns].to_csv(index=False))


def _from_template(suffix: str, table: Table) -> str:
    """The table by ``table.<suffix>``, with the best of a row in bold."""
    keys = zip(*(row.keys for row in table.rows), strict=True)
    long = len(table.rows) > _PAGE_ROWS
    content: dict[str, Any] = {
        "table": table,
        "with_remark": with_remark,
        "long_key": _LONG_KEY,
        "long_keys": [max(map(len, texts)) > _LONG_KEY for texts in keys],
        "long": long,
        "landscape": long and len(table.columns) > _PAGE_COLUMNS,
        "number": tight if long else str,
        "latex": latex,
    }
    return environment().get_template(f"table.{suffix}").render(content)


#: Of each format the suffix of its files, and what makes their text.
FORMATS: Final[dict[str, tuple[str, Callable[[Table], str]]]] = {
    "csv": ("csv", to_csv),
    "latex": ("tex", partial(_from_template, "tex")),
    "markdown": ("md", partial(_from_template, "md")),
    "html": ("html", partial(_from_template, "html")),
}


def write_tables(tables: Sequence[Table], out: Path, style: str = "csv") -> list[Path]:
    """Write each table as CSV and in ``style``, a key of :data:`FORMATS`."""
    written = []
    for table in tables:
        for name in dict.fromkeys(("csv", style)):
            suffix, render = FORMATS[name]
            written.append(out / f"{table.name}.{suffix}")
            written[-1].write_text(render(table), encoding="utf-8")
    return written
