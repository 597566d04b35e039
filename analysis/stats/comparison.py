"""Statistical tests that compare signals over blocks of paired scores.

A block is the setting of one trial, in which every signal was scored on the same model and the same
glitched samples. Blocks of one dataset are not independent of each other: with seeds as blocks (the
default) a small p-value supports a statement about these datasets and models. Averaging over seeds
first (``by`` without ``seed``) supports a statement about datasets in general (Demšar 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, comb, log2
from typing import Final

import numpy as np
import pandas as pd
from scikit_posthocs import posthoc_nemenyi_friedman, posthoc_wilcoxon
from scipy.stats import bootstrap, friedmanchisquare

from analysis.choices import BLOCKS
from analysis.reading.frames import Frames
from analysis.stats.glitch_groups import glitch_order
from analysis.stats.summary import measured
from common.errors import UserError
from experiments import schema
from influence.signals.display import ordered

ALPHA: Final = 0.05
# scipy: the chi-squared approximation of Friedman's test is reliable from more than ten blocks.
MIN_FRIEDMAN_BLOCKS: Final = 11
MIN_SIGNALS: Final = 3


class TooFewError(UserError):
    """The blocks cannot support a test; the message gives the number that it needs."""


@dataclass(frozen=True)
class Omnibus:
    """Friedman's test with Nemenyi's comparison of all pairs.

    Attributes:
        blocks: the number of blocks.
        statistic: of Friedman's test.
        p: p-value of the hypothesis that all signals are equal.
        ranks: mean rank of each signal, best first; 1 is the best rank.
        pairs: Nemenyi's p-value of each pair, signals × signals.
    """

    blocks: int
    statistic: float
    p: float
    ranks: pd.Series[float]
    pairs: pd.DataFrame


def in_blocks(
    frames: Frames,
    metric: str = schema.F1,
    signals: Sequence[str] | None = None,
    by: Sequence[str] = BLOCKS,
) -> pd.DataFrame:
    """Paired scores: one row per block, one column per signal.

    Blocks that lack a signal are excluded. Trials of one block are averaged.
    """
    values = measured(frames, metric, signals)
    wide = values.pivot_table(index=list(by), columns="series", values="value").dropna()
    return wide[ordered(wide.columns)]


def by_glitch(blocks: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """All blocks, then those of each glitch if there are several."""
    found = [("all glitches", blocks)]
    if "glitch" in blocks.index.names:
        of_block = blocks.index.get_level_values("glitch")
        glitches = sorted(set(of_block), key=glitch_order)
        if len(glitches) > 1:
            found += [(glitch, blocks[of_block == glitch]) for glitch in glitches]
    return found


def omnibus(blocks: pd.DataFrame) -> Omnibus:
    """Friedman's and Nemenyi's tests over the rows of ``blocks``, where higher is better.

    Raises ``TooFewError`` below :data:`MIN_FRIEDMAN_BLOCKS` blocks or three signals.
    """
    count, signals = blocks.shape
    if signals < MIN_SIGNALS:
        raise TooFewError(f"Friedman's test needs at least {MIN_SIGNALS} signals, got {signals}")
    if count < MIN_FRIEDMAN_BLOCKS:
        raise TooFewError(
            f"Friedman's test needs at least {MIN_FRIEDMAN_BLOCKS} blocks, got {count}"
        )
    if not (blocks.nunique(axis=1) > 1).any():
        raise TooFewError(f"all {signals} signals tie in all {count} blocks")
    statistic, p = friedmanchisquare(*(blocks[signal] for signal in blocks))
    ranks = blocks.rank(axis=1, ascending=False).mean().sort_values(kind="stable")
    pairs = posthoc_nemenyi_friedman(blocks.to_numpy())
    pairs = pairs.set_axis(blocks.columns, axis=0).set_axis(blocks.columns, axis=1)
    return Omnibus(count, float(statistic), float(p), ranks, pairs)


def blocks_needed(signals: int) -> int:
    """The fewest blocks whose most extreme outcome passes Wilcoxon's exact test after Holm.

    >>> blocks_needed(2), blocks_needed(4)
    (6, 8)
    """
    return ceil(log2(2 * comb(signals, 2) / ALPHA))


def pairwise(blocks: pd.DataFrame) -> pd.DataFrame:
    """Every pair of signals over the same blocks.

    Returns:
        Columns ``first``, ``second``, ``blocks``, ``difference`` (mean of first − second), ``low``
        and ``high`` (its 95 % percentile bootstrap interval over blocks), ``wins`` (fraction of
        blocks where the first is higher, ties count half), ``p`` (Wilcoxon's signed-rank test,
        zeros split) and ``p_holm``.

    Raises ``TooFewError`` where no outcome could be significant.
    """
    count, signals = blocks.shape
    if signals < 2:
        raise TooFewError(f"a comparison needs at least 2 signals, got {signals}")
    if count < (needed := blocks_needed(signals)):
        raise TooFewError(
            f"Wilcoxon's test with Holm's correction over {comb(signals, 2)} pairs needs at least "
            f"{needed} blocks, got {count}"
        )
    columns = [blocks[signal].to_numpy() for signal in blocks]
    raw = posthoc_wilcoxon(columns, zero_method="zsplit").to_numpy()
    holm = posthoc_wilcoxon(columns, zero_method="zsplit", p_adjust="holm").to_numpy()
    rows = []
    for i, j in combinations(range(signals), 2):
        difference = columns[i] - columns[j]
        interval = bootstrap(
            (difference,), np.mean, method="percentile", rng=np.random.default_rng(0)
        ).confidence_interval
        rows.append(
            {
                "first": blocks.columns[i],
                "second": blocks.columns[j],
                "blocks": count,
                "difference": float(difference.mean()),
                "low": float(interval.low),
                "high": float(interval.high),
                "wins": float(np.mean((difference > 0) + 0.5 * (difference == 0))),
                "p": raw[i, j],
                "p_holm": holm[i, j],
            }
        )
    return pd.DataFrame(rows)


def compared_with_best(
    blocks: pd.DataFrame, pairs: pd.DataFrame, most: int | None = None
) -> pd.DataFrame:
    """The pairs of the signal with the best mean, with that signal first.

    Args:
        blocks: as :func:`in_blocks` returns them.
        pairs: as :func:`pairwise` returns them.
        most: keep only this many of the other signals, those with the nearest means.
    """
    best = str(blocks.mean().idxmax())
    turned = pairs.rename(columns={"first": "second", "second": "first"}).assign(
        difference=-pairs["difference"],
        low=-pairs["high"],
        high=-pairs["low"],
        wins=1 - pairs["wins"],
    )
    mine = pairs["first"] == best
    found = pairs.where(mine, turned)[mine | (pairs["second"] == best)]
    if most is not None:
        found = found.loc[found["difference"].abs().sort_values(kind="stable").index[:most]]
    return found.astype(pairs.dtypes)
