"""The results of the runs in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from analysis.paper.claim_tests import FOUND, NOT_FOUND
from analysis.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_RUN, Result
from analysis.reading.frames import Frames
from analysis.rendering.text import display_name, enumerated, glitch_name, percent, spread
from analysis.stats.comparison import (
    ALPHA,
    TooFewError,
    compared_with_best,
    in_blocks,
    omnibus,
    pairwise,
)
from analysis.stats.glitch_groups import glitch_group, glitch_order, in_order
from analysis.stats.summary import at_usual_ratio, measured, summarise
from analysis.stats.view import View
from experiments import schema

#: The best signal is compared with at most this many others, those with the nearest means.
NEAREST: Final = 5


def what_was_run(frames: Frames) -> str:
    """Trials, datasets, models, glitches, ratios and seeds."""
    trials = frames.trials
    glitched = trials[trials["glitch"] != "none"]
    glitches = sorted(glitched["glitch"].unique(), key=glitch_order)
    clean = len(trials) - len(glitched)
    return (
        f"{len(trials)} trials on {_names(trials, 'dataset')} with {_names(trials, 'model')}; "
        f"glitches: {enumerated(map(glitch_name, glitches)) or 'none'}; "
        f"ratios: {enumerated(map(percent, _ratios(glitched))) or 'none'}; "
        f"{f'{clean} trials without glitches; ' if clean and glitches else ''}"
        f"seeds: {trials['seed'].nunique()}."
    )


def _names(trials: pd.DataFrame, field: str) -> str:
    return enumerated(display_name(field, value) for value in sorted(trials[field].unique()))


def _ratios(values: pd.DataFrame) -> list[float]:
    return sorted(values["ratio"].unique())


def what_was_found(frames: Frames, view: View) -> list[str]:
    """For each group of glitches, at its usual ratio, how well the two best signals detect it."""
    values = measured(frames, view.metric, view.signals)
    values = at_usual_ratio(values.assign(group=values["glitch"].map(glitch_group)))
    groups = sorted(values["group"].unique(), key=glitch_order)
    return [_best_two(group, values[values["group"] == group], view) for group in groups]


def _best_two(group: str, values: pd.DataFrame, view: View) -> str:
    summary = in_order(summarise(values, []).rename(columns={"series": "signal"}), ["signal"])
    ranked = summary.sort_values("mean", ascending=False, kind="stable").head(2)
    texts = [
        f"{display_name('signal', signal)} with {spread(mean, sd)}"
        for signal, mean, sd in zip(ranked["signal"], ranked["mean"], ranked["sd"], strict=True)
    ]
    texts[0] += _range(values[values["series"] == ranked["signal"].iloc[0]])
    best = float(ranked["mean"].iloc[0])
    known = "found" if best >= FOUND else "not found" if best <= NOT_FOUND else "found in part"
    found = f"{known}; " if view.metric == schema.F1 else ""
    what = f"{glitch_name(group).capitalize()} at {enumerated(map(percent, _ratios(values)))}"
    return f"{what}: {found}best mean {view.title}: {', then '.join(texts)}."


def _range(values: pd.DataFrame) -> str:
    """The datasets with the lowest and the highest mean, in brackets; empty for a single one."""
    means = summarise(values, ["dataset"]).set_index("dataset")["mean"].sort_values()
    if len(means) < 2:
        return ""
    low, high = (
        f"{means.iloc[i]:.2f} on {display_name('dataset', means.index[i])}" for i in (0, -1)
    )
    return f" (from {low} to {high})"


def what_was_claimed(results: Sequence[Result]) -> str:
    """How many of the paper's claims hold."""
    counts = Counter(result.word for result in results)
    return (
        f"Of {len(results)} claims of the paper, {counts[HOLDS]} hold on these runs, "
        f"{counts[DOES_NOT_HOLD]} do not hold and {counts[NOT_RUN]} were not run."
    )


def what_is_significant(frames: Frames, view: View) -> list[str]:
    """Whether the signals differ significantly, or why this cannot be tested."""
    return comparison(in_blocks(frames, view.metric, view.signals), NEAREST)[0]


def comparison(blocks: pd.DataFrame, most: int | None = None) -> tuple[list[str], pd.DataFrame]:
    """The results of the tests on these blocks in sentences, and all pairs.

    The signal with the best mean is compared with the others, or with the ``most`` nearest ones. A
    test that the blocks cannot support is named with the reason.
    """
    sentences: list[str] = []
    pairs = pd.DataFrame()
    try:
        found = omnibus(blocks)
    except TooFewError as error:
        sentences.append(f"not tested: {error}")
    else:
        sentences.append(
            f"{len(found.ranks)} signals {'' if found.p < ALPHA else 'do not '}differ "
            f"significantly over {found.blocks} blocks (Friedman χ² = {found.statistic:.1f}, "
            f"p = {found.p:.2g}); best mean rank: "
            f"{display_name('signal', found.ranks.index[0])} ({found.ranks.iloc[0]:.2f})"
        )
    try:
        pairs = pairwise(blocks)
    except TooFewError as error:
        sentences.append(f"not tested: {error}")
    else:
        sentences += map(_pair, compared_with_best(blocks, pairs, most).to_dict("records"))
    return sentences, pairs


def _pair(pair: Mapping[Hashable, Any]) -> str:
    """One row of :func:`pairwise` in a sentence."""
    first, second = (display_name("signal", pair[key]) for key in ("first", "second"))
    significant = "" if pair["p_holm"] < ALPHA else ", not significant"
    return (
        f"{first} − {second}: {pair['difference']:+.3f} [{pair['low']:+.3f}, {pair['high']:+.3f}], "
        f"higher in {pair['wins']:.0%} of {pair['blocks']} blocks, p = {pair['p_holm']:.2g}"
        f"{significant}"
    )
