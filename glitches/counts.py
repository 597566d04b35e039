"""How many samples a ratio stands for."""

from __future__ import annotations

from math import floor

from common.errors import UserError

_ROUNDING = 1e-9
"""Products such as 0.29 · 100 fall short of the whole number that they mean."""


def share_of(ratio: float, total: int) -> int:
    """⌊ratio · total⌋: how many of ``total`` samples are glitched in place.

    >>> share_of(0.29, 100)
    29
    """
    return floor(ratio * total + _ROUNDING)


def share_beside(ratio: float, others: int) -> int:
    """How many samples beside ``others`` make up ``ratio`` of all: the largest k with
    k ≤ ratio · (others + k).

    >>> share_beside(0.1, 90)
    10
    """
    return floor(ratio * others / (1 - ratio) + _ROUNDING)


def at_least_one(count: int, name: str, ratio: float, total: int) -> int:
    """``count`` itself; ``UserError`` where a ratio stands for no sample at all."""
    if count < 1:
        raise UserError(
            f"{name} at ratio {ratio:g} is less than one of {total} samples: take a larger ratio "
            "or more data"
        )
    return count
