"""What the runs say, in sentences made from their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import pandas as pd

from analysis.claims import DOES_NOT_HOLD, HOLDS, NOT_RUN, Verdict
from analysis.paper.claim_tests import FOUND, NOT_FOUND
from analysis.paper.figures import family, of_usual_ratio
from analysis.paper.layouts import METRIC_TITLES, Layout
from analysis.reading.frames import Frames
from analysis.rendering.text import enumerated, glitch_words, percent, spread
from analysis.significance import in_blocks, verdicts
from analysis.stats.summary import glitch_order, in_order, measured, summarise
from experiments import schema
from influence.signals.display import look

#: How many signals the best one is compared with, the nearest ones.
NEAREST: Final = 5


def what_was_run(frames: Frames) -> str:
    """Trials, data, models, glitches, ratios and seeds."""
    trials = frames.trials
    with_glitch = trials[trials["glitch"] != "none"]
    ratios = enumerated(map(percent, _ratios(with_glitch)))
    kinds = sorted(trials["glitch"].unique(), key=glitch_order)
    return (
        f"{len(trials)} trials on {enumerated(sorted(trials['dataset'].unique()))} with "
        f"{enumerated(sorted(trials['model'].unique()))}; "
        f"glitches: {enumerated(map(glitch_words, kinds))}; "
        f"ratios: {ratios or 'none'}; seeds: {trials['seed'].nunique()}."
    )


def what_was_found(frames: Frames, layout: Layout) -> list[str]:
    """For each kind of glitch, at its usual ratio, how far the best signal finds it, and the one
    behind it."""
    values = measured(frames, layout.metric, layout.signals)
    values = of_usual_ratio(values.assign(family=values["glitch"].map(family)))
    kinds = sorted(values["family"].unique(), key=glitch_order)
    return [_of_kind(kind, values[values["family"] == kind], layout.metric) for kind in kinds]


def _of_kind(kind: str, values: pd.DataFrame, metric: str) -> str:
    summary = summarise(values, [])
    ranked = in_order(summary.rename(columns={"series": "signal"}), ["signal"])
    ranked = ranked.sort_values("mean", ascending=False, kind="stable").head(2)
    texts = [
        f"{look(signal).short} with {spread(mean, sd)}"
        for signal, mean, sd in zip(ranked["signal"], ranked["mean"], ranked["sd"], strict=True)
    ]
    texts[0] += _range(values[values["series"] == ranked["signal"].iloc[0]])
    best = float(ranked["mean"].iloc[0])
    known = "found" if best >= FOUND else "not found" if best <= NOT_FOUND else "found in part"
    judged = f"{known}; " if metric == schema.F1 else ""
    what = f"{glitch_words(kind).capitalize()} at {enumerated(map(percent, _ratios(values)))}"
    return f"{what}: {judged}best mean {METRIC_TITLES[metric]}: {', then '.join(texts)}."


def _ratios(values: pd.DataFrame) -> list[float]:
    return sorted(values["ratio"].unique())


def _range(values: pd.DataFrame) -> str:
    """The datasets on which a signal does worst and best, in brackets; empty for a single one."""
    means = summarise(values, ["dataset"]).set_index("dataset")["mean"].sort_values()
    if len(means) < 2:
        return ""
    low, high = (f"{means.iloc[i]:.2f} on {means.index[i]}" for i in (0, -1))
    return f" (from {low} to {high})"


def what_was_claimed(judged: Sequence[Verdict]) -> str:
    """How many of the paper's claims hold."""
    counts = Counter(verdict.word for verdict in judged)
    return (
        f"Of {len(judged)} claims of the paper {counts[HOLDS]} hold on these runs, "
        f"{counts[DOES_NOT_HOLD]} do not hold and {counts[NOT_RUN]} were not run."
    )


def what_is_certain(frames: Frames, layout: Layout) -> list[str]:
    """Whether the signals differ by more than chance, or why that cannot be said."""
    return verdicts(in_blocks(frames, layout.metric, layout.signals), NEAREST)[0]
