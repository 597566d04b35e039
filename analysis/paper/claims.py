"""The claims of the paper and their results on the runs: holds, does not hold, or not run.

A result is about the runs it names, with the thresholds of :mod:`analysis.paper.claim_tests`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.paper import claim_tests as t
from analysis.paper.claim_tests import Outcome, Runs, Test
from analysis.reading.frames import Frames
from analysis.rendering.text import count, setting_name
from analysis.stats.glitch_groups import OUTLIERS

HOLDS: Final = "holds"
DOES_NOT_HOLD: Final = "does not hold"
NOT_RUN: Final = "not run"
CSV_COLUMNS: Final = [
    *("claim", "statement", "source", "verdict"),
    *("numbers", "cells", "seeds", "where"),
]
PAPER_MODEL: Final = "ft_transformer"
NEAR: Final = ("near_clustered_anomalies",)
FAR: Final = ("far_clustered_anomalies",)


@dataclass(frozen=True)
class Claim:
    """A statement of the paper, its place there, and its test."""

    name: str
    statement: str
    source: str
    test: Test


CLAIMS: Final = (
    Claim(
        "si_best_on_uniform_noise",
        "Self-influence is the best signal for uniform class noise.",
        "section 5, Figures 1a and 2a",
        t.is_best(t.SI, [t.UNIFORM]),
    ),
    Claim(
        "si_falls_at_small_ratios",
        "Self-influence falls where few labels are wrong, and rises where many are.",
        "section 5, Figures 4a and 4c",
        t.falls_at_small_ratios,
    ),
    Claim(
        "si_falls_on_class_dependent_noise",
        "Self-influence falls substantially where a single class is mislabelled.",
        "section 5, Figures 1b and 2b",
        t.falls_on_class_dependent_noise,
    ),
    Claim(
        "si_falls_most_from_scratch",
        "It falls most for models trained from scratch.",
        "section 5",
        t.falls_most_from_scratch,
    ),
    Claim(
        "better_on_pretrained_images",
        "Class noise is found better on images with pretrained models than on tables.",
        "section 5",
        t.better_on_pretrained_images,
    ),
    Claim(
        "mi_worst",
        "Marginal influence is the worst of the four signals.",
        "section 5, lessons learned",
        t.is_worst(t.MI),
    ),
    Claim(
        "mi_fails_by_cancellation",
        "Marginal influence fails by cancellation (and not by its sign).",
        "section 5, lessons learned",
        t.fails_by_cancellation,
    ),
    Claim(
        "gd_class_does_not_beat_si",
        "GD-class does not outperform self-influence on class noise.",
        "section 5, lessons learned",
        t.not_above(t.GD, t.SI, t.LABEL_NOISE),
    ),
    Claim(
        "near_found_on_binary_tables",
        "Self-influence and AAI find near-clustered anomalies of binary tables.",
        "section 5, Figure 4b",
        t.found_by((t.SI, t.AAI), NEAR, binary=True),
    ),
    Claim(
        "near_not_found_on_multiclass_tables",
        "No signal finds near-clustered anomalies of multi-class tables.",
        "section 5, Figure 4b",
        t.found_by_none(NEAR, binary=False),
    ),
    Claim(
        "near_found_in_early_epochs",
        "Self-influence of early epochs finds them with the FT-Transformer.",
        "section 5, Figure 5",
        t.found_in_early_epochs(PAPER_MODEL),
    ),
    Claim(
        "near_not_fitted",
        "Models do not learn near-clustered anomalies: accuracy near 0.",
        "Table 1 (its labels near and far are swapped)",
        t.accuracy_is(0.0, t.NONE_FITTED, NEAR),
    ),
    Claim(
        "far_fitted",
        "Models fit far-clustered anomalies: accuracy 1.",
        "Table 1 (its labels near and far are swapped)",
        t.accuracy_is(t.ALL_FITTED, 1.0, FAR),
    ),
    Claim(
        "far_not_found",
        "No signal finds far-clustered anomalies.",
        "section 5, Figure 2c",
        t.found_by_none(FAR),
    ),
    Claim(
        "outliers_not_found",
        "No signal finds outliers.",
        "section 5, Figure 2d",
        t.found_by_none([OUTLIERS]),
    ),
)


@dataclass(frozen=True)
class Result:
    """A claim and the outcome of its test; ``None`` where nothing was run for it."""

    claim: Claim
    outcome: Outcome | None

    @property
    def word(self) -> str:
        """Holds, does not hold, or not run."""
        if self.outcome is None:
            return NOT_RUN
        return HOLDS if self.outcome.holds else DOES_NOT_HOLD

    @property
    def evidence(self) -> str:
        """The numbers, with the runs they are based on."""
        found = self.outcome
        if found is None:
            return ""
        counts = f"{count(found.cells, 'cell')}, {count(found.seeds, 'seed')}"
        where = ", ".join(setting_name(*setting, separator="/") for setting in found.settings)
        return f"{found.numbers} ({counts}: {where})"


def check_claims(frames: Frames) -> list[Result]:
    """The result of every claim on the counted runs."""
    runs = Runs.of(frames)
    return [Result(claim, claim.test(runs)) for claim in CLAIMS]


def as_frame(results: Sequence[Result]) -> pd.DataFrame:
    """One row per claim, with the columns :data:`CSV_COLUMNS`."""
    rows = []
    for result in results:
        claim, found = result.claim, result.outcome or Outcome(False, "", 0, 0, [])
        where = ", ".join(map("/".join, found.settings))
        about = (claim.name, claim.statement, claim.source, result.word)
        rows.append((*about, found.numbers, found.cells, found.seeds, where))
    return pd.DataFrame(rows, columns=CSV_COLUMNS)
