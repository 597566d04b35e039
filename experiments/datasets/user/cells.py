"""Text columns of delimited files, typed: numbers, booleans, or text as it stands."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

MISSING_MARKS = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""Cells that count as missing in a column of numbers, booleans or dates. In a column of text only
the empty cell does, so that ``NA`` and ``None`` can be categories and classes."""
MOSTLY = 0.9
"""A text column with at least this share of numbers is a column of numbers with stray cells."""
_BOOLEANS = {"true": True, "false": False}
_WHOLE = r"^[+-]?\d{1,300}$"
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}"
_DECIMAL_COMMA = r"^[+-]?\d+(,\d+)?([eE][+-]?\d+)?$"


def typed(cells: pa.ChunkedArray, separator: str = ",") -> tuple[pd.Series, bool]:
    """The column as int64, float64 with NaN, booleans, or text with ``None`` for missing; whole
    numbers beyond 64 bits as Python's.

    Args:
        cells: texts.
        separator: of the file; decimal commas are possible unless it is the comma.

    Returns:
        The column, and whether its numbers have decimal commas.

    >>> typed(pa.chunked_array([["1", "NA", "3"]]))[0].tolist()
    [1.0, nan, 3.0]
    >>> typed(pa.chunked_array([["EU", "NA", ""]]))[0].tolist()
    ['EU', 'NA', None]
    """
    trimmed = compute.utf8_trim_whitespace(cells)
    marked = compute.is_in(trimmed, pa.array(MISSING_MARKS))
    present = trimmed.filter(compute.invert(marked))
    if len(present) == 0:
        return pd.Series(np.full(len(cells), None), dtype=object), False
    numbers, decimal_comma = _numbers(present), False
    if numbers is None and separator != "," and _all_match(present, _DECIMAL_COMMA):
        numbers = _numbers(compute.replace_substring(present, ",", "."))
        decimal_comma = numbers is not None
    if numbers is not None and _is_large(numbers) and _all_match(present, _WHOLE):
        # beyond 64 bits, where float64 would make one class of several
        whole = pd.Series([int(cell) for cell in present.to_pylist()], dtype=object)
        return whole.set_axis(_places(marked)).reindex(range(len(marked)), fill_value=None), False
    if numbers is not None:
        return _spread(numbers, marked), decimal_comma
    lowered = compute.utf8_lower(present)
    if compute.all(compute.is_in(lowered, pa.array(list(_BOOLEANS)))).as_py():
        return _spread(compute.equal(lowered, "true"), marked), False
    text = cells.to_pandas().astype(object)
    numeric = pd.to_numeric(present.to_pandas(), errors="coerce").notna().mean()
    dates = compute.mean(compute.match_substring_regex(present, _ISO_DATE)).as_py()
    empty = marked if max(numeric, dates) > MOSTLY else compute.equal(trimmed, "")
    return text.where(~empty.to_numpy(), None), False


def _numbers(present: pa.ChunkedArray) -> pa.ChunkedArray | None:
    for kind in (pa.int64(), pa.uint64(), pa.float64()):
        try:
            return compute.cast(present, kind)
        except pa.ArrowInvalid:
            continue
    return None


def _is_large(numbers: pa.ChunkedArray) -> bool:
    """Whether these may be whole numbers that 64 bits do not hold."""
    if not pa.types.is_floating(numbers.type):
        return False
    return bool(compute.max(compute.abs(numbers)).as_py() >= 2**63)


def _spread(present: pa.ChunkedArray, marked: pa.ChunkedArray) -> pd.Series:
    """The present values in their places, missing ones between them."""
    values = present.to_numpy()
    places = _places(marked)
    if len(places) == len(marked):
        return pd.Series(values)
    if values.dtype == bool:
        return pd.Series(values.astype(object), index=places).reindex(range(len(marked)))
    return pd.Series(values.astype(np.float64), index=places).reindex(range(len(marked)))


def _places(marked: pa.ChunkedArray) -> NDArray[np.int64]:
    """Where the present values are."""
    return np.flatnonzero(~marked.to_numpy())


def _all_match(cells: pa.ChunkedArray, pattern: str) -> bool:
    return bool(compute.all(compute.match_substring_regex(cells, pattern)).as_py())
