"""What the runs say, in sentences made from their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from analysis.claim_tests import FOUND, NOT_FOUND
from analysis.claims import DOES_NOT_HOLD, HOLDS, NOT_RUN, Verdict
from analysis.frames import Frames
from analysis.layouts import METRIC_TITLES, Layout
from analysis.paper_figures import family
from analysis.significance import TooFewError, in_blocks, omnibus
from analysis.summary import glitch_order, in_order, measured, summarise
from analysis.text import plain, spread, words
from common.appearance import look
from experiments import names


def what_was_run(frames: Frames) -> str:
    """Trials, data, models, glitches, ratios and seeds."""
    trials = frames.trials
    with_glitch = trials[trials["glitch"] != "none"]
    ratios = ", ".join(f"{100 * r:g}%" for r in sorted(with_glitch["ratio"].unique()))
    kinds = sorted(trials["glitch"].unique(), key=glitch_order)
    return (
        f"{len(trials)} trials on {_listed(trials['dataset'].unique())} with "
        f"{_listed(trials['model'].unique())}; glitches: {_listed(map(words, kinds), keep=True)}; "
        f"ratios: {ratios or 'none'}; seeds: {trials['seed'].nunique()}."
    )


def _listed(values: Iterable[object], *, keep: bool = False) -> str:
    texts = list(map(plain, values))
    texts = texts if keep else sorted(texts)
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def what_was_found(frames: Frames, layout: Layout) -> list[str]:
    """For each kind of glitch how far the best signal finds it, and the one behind it."""
    values = measured(frames, layout.metric, layout.signals)
    if values.empty:
        return []
    values = values.assign(family=values["glitch"].map(family))
    summary = summarise(values, ["family"])
    kinds = sorted(values["family"].unique(), key=glitch_order)
    return [_of_kind(kind, summary[summary["family"] == kind], layout.metric) for kind in kinds]


def _of_kind(kind: str, summary: pd.DataFrame, metric: str) -> str:
    ranked = in_order(summary.rename(columns={"series": "signal"}), ["signal"])
    ranked = ranked.sort_values("mean", ascending=False, kind="stable")
    texts = [
        f"{look(signal).short} with {spread(mean, sd)}"
        for signal, mean, sd in zip(ranked["signal"], ranked["mean"], ranked["sd"], strict=True)
    ]
    best = float(ranked["mean"].iloc[0])
    known = "found" if best >= FOUND else "not found" if best <= NOT_FOUND else "found in part"
    judged = f"{known}; " if metric == names.F1 else ""
    title = METRIC_TITLES[metric]
    return f"{words(kind).capitalize()}: {judged}best mean {title}: {', then '.join(texts[:2])}."


def what_was_claimed(verdicts: Sequence[Verdict]) -> str:
    """How many of the paper's claims hold."""
    counts = Counter(verdict.word for verdict in verdicts)
    return (
        f"Of {len(verdicts)} claims of the paper {counts[HOLDS]} hold on these runs, "
        f"{counts[DOES_NOT_HOLD]} do not hold and {counts[NOT_RUN]} were not run."
    )


def what_is_certain(frames: Frames, layout: Layout) -> str:
    """Whether the signals differ by more than chance, or why that cannot be said."""
    try:
        found = omnibus(in_blocks(frames, layout.metric, layout.signals))
    except TooFewError as error:
        return f"Whether the signals differ by more than chance was not tested: {error}."
    return f"{found.verdict}."
