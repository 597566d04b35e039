"""The order in which glitches are listed, and the groups in which the paper's figures show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from glitches import GLITCHES
from influence.signals.display import ordered

OUTLIERS: Final = "outliers"
_CORRUPTED: Final = "corrupted"


def glitch_order(glitch: str) -> tuple[int, str]:
    """Sort key: the order of the registry, then by name (options, mixtures).

    >>> sorted(["stripe_outliers", "none", "uniform_noise"], key=glitch_order)
    ['none', 'uniform_noise', 'stripe_outliers']
    """
    base = glitch.partition("(")[0]
    known = GLITCHES.names()
    return (known.index(base) if base in known else len(known), glitch)


def glitch_group(glitch: str) -> str:
    """The group of a glitch in the paper's figures: its name without options, with all glitches
    that corrupt inputs in one group. A mixture is a group of its own.

    >>> glitch_group("stripe_outliers"), glitch_group("published_corruption(name=fog)")
    ('outliers', 'outliers')
    >>> glitch_group("uniform_noise"), glitch_group("a:0.1+b:0.1"), glitch_group("unregistered")
    ('uniform_noise', 'a:0.1+b:0.1', 'unregistered')
    """
    base = glitch.partition("(")[0]
    if ":" in glitch:
        return glitch
    return OUTLIERS if base in GLITCHES and GLITCHES[base].kind == _CORRUPTED else base


def in_order(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Rows sorted by these columns, with glitches and signals in the order of their registries."""

    def place(column: pd.Series[str]) -> pd.Series[str]:
        if column.name == "glitch":
            return column.map(glitch_order)
        if column.name == "signal":
            return column.map({name: i for i, name in enumerate(ordered(column))})
        return column

    return frame.sort_values(list(keys), key=place, kind="stable").reset_index(drop=True)
