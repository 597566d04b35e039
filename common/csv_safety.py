"""CSV files that are safe to open in a spreadsheet.

A spreadsheet executes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage
return as a formula. Texts that come from data may begin so.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import pandas as pd

MARK = "'"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)

Value = TypeVar("Value")


def escape_formula(value: Value | str) -> Value | str:
    """The value as a cell that no spreadsheet executes.

    A text that looks like a formula gets an apostrophe before it; numbers and other values stay.
    :func:`unescape_formula` removes the apostrophe.

    >>> escape_formula("=1+1"), escape_formula("-5.2"), escape_formula("a=b"), escape_formula(None)
    ("'=1+1", '-5.2', 'a=b', None)
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return MARK + value
    return value


def unescape_formula(text: str) -> str:
    """The text from which :func:`escape_formula` made a cell.

    >>> [unescape_formula(str(escape_formula(text))) for text in ("=1+1", "'=1", "'tis")]
    ['=1+1', "'=1", "'tis"]
    """
    return text[1:] if text.startswith(MARK) and _FORMULA.match(text) else text


def write_csv(frame: pd.DataFrame, path: Path, *, index: bool = False) -> None:
    """Write a table, its cells and the names of its columns and rows escaped."""
    safe = frame.apply(lambda column: column.map(escape_formula) if _has_texts(column) else column)
    safe.rename(index=escape_formula if index else None, columns=escape_formula).to_csv(
        path, index=index
    )


def _has_texts(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))
