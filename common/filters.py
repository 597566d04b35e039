"""Conditions on the fields of a trial, as users type them: ``dataset=mnist,glitch=none``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from common.errors import UserError

_COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^()]*\))")


def parse_conditions(only: Sequence[str]) -> dict[str, list[str]]:
    """Wanted values by field; several values of one field mean any of them.

    >>> parse_conditions(["dataset=mnist,glitch=corruption(kind=fog,severity=3)", "dataset=wine"])
    {'dataset': ['mnist', 'wine'], 'glitch': ['corruption(kind=fog,severity=3)']}
    """
    found: dict[str, list[str]] = {}
    for text in only:
        for part in _COMMA_OUTSIDE_PARENTHESES.split(text):
            key, separator, value = part.strip().partition("=")
            if not separator or not value:
                raise UserError(f"a filter must be field=value, got {part!r}")
            found.setdefault(key, []).append(value)
    return found
