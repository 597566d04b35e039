"""Notes on the columns of a table, told once where many columns have the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

MANY: Final = 5
"""Up to so many columns get a note of their own."""
_COLUMN: Final = re.compile(
    r"""column (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\d+) (?P<what>.*)""", re.DOTALL
)
_VALUE: Final = re.compile(r"'(?:[^'\\]|\\.)*'|[-+]?\d[\d.e+-]*")


def condensed(notes: Iterable[str]) -> list[str]:
    """The notes, without those that say the same of another column if there are many.

    >>> condensed(f"column 'c{n}' is constant: left out" for n in range(40))
    ["column 'c0' is constant: left out; likewise 39 more columns"]
    """
    kinds = {note: _kind(note) for note in notes}
    counts = Counter(kinds.values())
    found = []
    told = set()
    for note, kind in kinds.items():
        if kind is None or counts[kind] <= MANY:
            found.append(note)
        elif kind not in told:
            told.add(kind)
            found.append(f"{note}; likewise {counts[kind] - 1} more columns")
    return found


def _kind(note: str) -> str | None:
    """What a note says of a column, without the values in it."""
    of_column = _COLUMN.fullmatch(note)
    return None if of_column is None else _VALUE.sub("", of_column["what"])
