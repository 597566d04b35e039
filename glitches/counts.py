"""How many samples a ratio stands for."""

from __future__ import annotations

from math import floor

from common.errors import UserError
from glitches.base import Injection

_ROUNDING = 1e-9
"""Products such as 0.29 · 100 are slightly below the whole number that is meant."""


def share_of(ratio: float, total: int) -> int:
    """⌊ratio · total⌋: how many of ``total`` samples are glitched in place.

    >>> share_of(0.29, 100)
    29
    """
    return floor(ratio * total + _ROUNDING)


def share_added(ratio: float, others: int) -> int:
    """How many samples, added to ``others``, make up ``ratio`` of all: the largest k with
    k ≤ ratio · (others + k).

    >>> share_added(0.1, 90)
    10
    """
    return floor(ratio * others / (1 - ratio) + _ROUNDING)


def at_least_one(count: int, injection: Injection, total: int) -> int:
    """``count`` itself; raises ``UserError`` where the ratio stands for no sample at all."""
    if count < 1:
        raise UserError(
            f"{injection.name} at ratio {injection.ratio:g} is less than one of {total} samples: "
            "use a larger ratio or more data"
        )
    return count
