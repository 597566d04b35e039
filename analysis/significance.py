"""Is a signal better than another by more than chance: tests over blocks of paired scores.

A block is one trial's setting, in which every signal was scored on the same model and the same
glitched samples. Seeds of one dataset share that dataset: with seeds as blocks (the default) a
small p speaks of these datasets and models; with ``--blocks dataset,model`` the seeds are averaged
first, and it speaks of datasets in general (Demšar 2006).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, comb, log2
from pathlib import Path
from typing import Any, Final

if not __package__:  # run as a file: import from the project, not from this folder
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
import pandas as pd
from rich.console import Console
from scikit_posthocs import posthoc_nemenyi_friedman, posthoc_wilcoxon
from scipy.stats import bootstrap, friedmanchisquare

from analysis.options import RunOptions, check_names
from analysis.reading.frames import Frames
from analysis.stats.summary import CELL, glitch_order, measured
from common.cli import option, parse, run
from common.errors import UserError
from experiments import schema
from influence.signals.display import look, ordered

ALPHA: Final = 0.05
# scipy: the chi-squared approximation of Friedman's test is reliable from more than ten blocks.
MIN_FRIEDMAN_BLOCKS: Final = 11
MIN_SIGNALS: Final = 3
RESAMPLES: Final = 9999
DEFAULT_BLOCKS: Final = (*CELL, "seed")


class TooFewError(UserError):
    """A test that these blocks cannot support; the message says how many it needs."""


@dataclass(frozen=True)
class Omnibus:
    """Friedman's test with Nemenyi's comparison of all pairs.

    Attributes:
        blocks: how many.
        statistic, p: of Friedman's test that all signals are alike.
        ranks: mean rank of each signal, 1 is best.
        pairs: Nemenyi's p of each pair, signals × signals.
    """

    blocks: int
    statistic: float
    p: float
    ranks: pd.Series[float]
    pairs: pd.DataFrame

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        found = "differ" if self.p < ALPHA else "cannot be told apart"
        return (
            f"{len(self.ranks)} signals {found} over {self.blocks} blocks "
            f"(Friedman χ² = {self.statistic:.1f}, p = {self.p:.2g}); best mean rank: "
            f"{look(str(self.ranks.index[0])).short} ({self.ranks.iloc[0]:.2f})"
        )


def in_blocks(
    frames: Frames,
    metric: str = schema.F1,
    signals: Sequence[str] | None = None,
    by: Sequence[str] = DEFAULT_BLOCKS,
) -> pd.DataFrame:
    """Scores paired by block: one row a block, one column a signal.

    Blocks that lack a signal are left away. Trials of one block are averaged.
    """
    values = measured(frames, metric, signals)
    wide = values.pivot_table(index=list(by), columns="series", values="value").dropna()
    return wide[ordered(wide.columns)]


def omnibus(blocks: pd.DataFrame) -> Omnibus:
    """Friedman and Nemenyi over the rows of ``blocks``, where higher is better.

    Raises ``TooFewError`` below :data:`MIN_FRIEDMAN_BLOCKS` blocks or three signals.
    """
    count, signals = blocks.shape
    if signals < MIN_SIGNALS:
        raise TooFewError(f"Friedman's test needs {MIN_SIGNALS} signals, however: {signals}")
    if count < MIN_FRIEDMAN_BLOCKS:
        raise TooFewError(f"Friedman's test needs {MIN_FRIEDMAN_BLOCKS} blocks, however: {count}")
    if not (blocks.nunique(axis=1) > 1).any():
        raise TooFewError(f"all {signals} signals tie in all {count} blocks: nothing to test")
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
        and ``high`` (its 95 % bootstrap interval over blocks), ``wins`` (share of blocks where the
        first is higher, ties half), ``p`` (Wilcoxon signed rank, zeros split) and ``p_holm``.

    Raises ``TooFewError`` where no outcome could be significant.
    """
    count, signals = blocks.shape
    needed = blocks_needed(signals) if signals > 1 else 0
    if signals < 2:
        raise TooFewError(f"a comparison needs 2 signals, however: {signals}")
    if count < needed:
        raise TooFewError(
            f"Wilcoxon's test with Holm over {comb(signals, 2)} pairs needs {needed} blocks, "
            f"however: {count}"
        )
    columns = [blocks[signal].to_numpy() for signal in blocks]
    raw = posthoc_wilcoxon(columns, zero_method="zsplit").to_numpy()
    holm = posthoc_wilcoxon(columns, zero_method="zsplit", p_adjust="holm").to_numpy()
    rows = []
    for i, j in combinations(range(signals), 2):
        difference = columns[i] - columns[j]
        low, high = interval(difference)
        wins = float(np.mean((difference > 0) + 0.5 * (difference == 0)))
        pair = (blocks.columns[i], blocks.columns[j], count)
        rows.append((*pair, float(difference.mean()), low, high, wins, raw[i, j], holm[i, j]))
    return pd.DataFrame(
        rows,
        columns=[
            "first",
            "second",
            "blocks",
            "difference",
            "low",
            "high",
            "wins",
            "p",
            "p_holm",
        ],
    )


def interval(difference: np.ndarray) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a mean over blocks; the same for the same numbers."""
    rng = np.random.default_rng(0)
    found = bootstrap(
        (difference,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=rng
    ).confidence_interval
    return float(found.low), float(found.high)


def pair_verdict(pair: pd.Series[Any], signal: str) -> str:
    """A row of :func:`pairwise` in a sentence, seen from one of its signals."""
    turned = pair["second"] == signal
    other = pair["first"] if turned else pair["second"]
    sign = -1 if turned else 1
    low, high = sorted((sign * pair["low"], sign * pair["high"]))
    ahead = 1 - pair["wins"] if turned else pair["wins"]
    known = "" if pair["p_holm"] < ALPHA else ", not significant"
    return (
        f"{look(signal).short} − {look(other).short}: {sign * pair['difference']:+.3f} "
        f"[{low:+.3f}, {high:+.3f}], ahead in {ahead:.0%} of {pair['blocks']} blocks, "
        f"p = {pair['p_holm']:.2g}{known}"
    )


def groups(blocks: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """All blocks together, then those of each glitch, where glitches are told apart."""
    found = [("all glitches", blocks)]
    if "glitch" in blocks.index.names:
        of_block = blocks.index.get_level_values("glitch")
        kinds = sorted(set(of_block), key=glitch_order)
        if len(kinds) > 1:
            found += [(kind, blocks[of_block == kind]) for kind in kinds]
    return found


def verdicts(blocks: pd.DataFrame, most: int | None = None) -> tuple[list[str], pd.DataFrame]:
    """What these blocks support, in sentences, or why they support nothing; and all pairs.

    The signal with the best mean is compared with the others, or with the ``most`` nearest ones.
    """
    said: list[str] = []
    pairs = pd.DataFrame()
    try:
        said.append(omnibus(blocks).verdict)
    except TooFewError as error:
        said.append(f"not tested: {error}")
    try:
        pairs = pairwise(blocks)
    except TooFewError as error:
        said.append(f"not tested: {error}")
    else:
        best = str(blocks.mean().idxmax())
        mine = pairs[(pairs["first"] == best) | (pairs["second"] == best)]
        if most is not None:
            mine = mine.loc[mine["difference"].abs().sort_values(kind="stable").index[:most]]
        said += [pair_verdict(pair, best) for _, pair in mine.iterrows()]
    return said, pairs


@dataclass(frozen=True)
class TestOptions(RunOptions):
    """What is compared."""

    metric: str = option(f"one of {', '.join(schema.DETECTION_METRICS)}", schema.F1)
    blocks: str = option(
        "what makes a block; leave out seed to average over seeds first", ",".join(DEFAULT_BLOCKS)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the verdicts and, with ``--out``, write all pairs as CSV."""
    options = parse(TestOptions, "significance", "Signals compared by statistical tests.", argv)
    check_names("metric", [options.metric], schema.DETECTION_METRICS)
    by = check_names("group", options.blocks.split(","), DEFAULT_BLOCKS)
    runs = options.selection()
    blocks = in_blocks(runs.frames, options.metric, options.chosen_signals(runs.frames), by)
    console = Console(highlight=False, soft_wrap=True)
    every: list[pd.DataFrame] = []
    for title, part in groups(blocks):
        said, pairs = verdicts(part)
        every.append(pairs.assign(glitch=title))
        console.print(f"{title}: {len(part)} blocks of {', '.join(by)}", style="bold")
        for sentence in said:
            console.print(f"  {sentence}", markup=False)
    if options.out:
        pd.concat(every).to_csv(options.folder() / "pairs.csv", index=False)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
