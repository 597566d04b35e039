"""Texts of the data in CSV files that people open in spreadsheets, where a cell that begins with
``=``, ``+``, ``-``, ``@``, a tab or a carriage return is taken for a formula and executed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import pandas as pd

MARK = "'"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)

Value = TypeVar("Value")


def inert(value: Value | str) -> Value | str:
    """The value as a cell that no spreadsheet executes: a text like a formula gets an apostrophe
    before it; numbers and all else stay. :func:`meant` takes it away.

    >>> inert("=1+1"), inert("-5.2"), inert("a=b"), inert(None)
    ("'=1+1", '-5.2', 'a=b', None)
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return MARK + value
    return value


def meant(text: str) -> str:
    """The text that :func:`inert` made a cell of.

    >>> [meant(str(inert(text))) for text in ("=1+1", "'=1", "'tis")]
    ['=1+1', "'=1", "'tis"]
    """
    return text[1:] if text.startswith(MARK) and _FORMULA.match(text) else text


def write_csv(frame: pd.DataFrame, path: Path, *, index: bool = False) -> None:
    """Write a table whose texts come from data: cells, names of columns and of rows made inert."""
    safe = frame.apply(lambda column: column.map(inert) if _has_texts(column) else column)
    safe.rename(index=inert if index else None, columns=inert).to_csv(path, index=index)


def _has_texts(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))
