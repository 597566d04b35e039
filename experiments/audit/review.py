"""How many samples to review, what to expect, and when to stop."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, log

import numpy as np
import pandas as pd

from common.errors import UserError

SHARES = (0.5, 0.8, 0.95)
DOUBT = 0.05
"""The stopping rule errs with this probability."""


@dataclass(frozen=True)
class ReviewPlan:
    """What to expect of a review from the most suspicious sample on.

    Attributes:
        samples: how many samples to review.
        expected_errors: how many of these are expected to be wrong, the sum of their probabilities.
        all_expected_errors: likewise of the whole set.
        expected_label_errors: the estimated number of wrong labels of the whole set, which does not
            depend on any single one being certain; nan if there is no estimate.
        stop_after: stop earlier after this many samples in a row that turn out to be right: if one
            in ``1 / min_precision`` were wrong, that would happen with a probability below 5 %.
        steps: by share of ``all_expected_errors``, the number of samples to ``review`` to reach it
            and the probability of the last one.
    """

    samples: int
    expected_errors: float
    all_expected_errors: float
    expected_label_errors: float
    stop_after: int
    steps: pd.DataFrame

    def __str__(self) -> str:
        if not self.samples:
            return "No sample is certain enough to be worth a review."
        text = (
            f"Review the first {self.samples} samples; {self.expected_errors:.0f} of them are "
            f"expected to be wrong, of {self.all_expected_errors:.0f} in the whole set."
        )
        if isfinite(self.expected_label_errors):
            text += f" About {self.expected_label_errors:.0f} labels are estimated to be wrong."
        return f"{text} Stop earlier after {self.stop_after} in a row that are right."


def review_plan(
    table: pd.DataFrame, expected_label_errors: float, min_precision: float
) -> ReviewPlan:
    """The plan for a table of suspicions.

    Args:
        table: the most suspicious sample first, with the column ``probability``.
        expected_label_errors: the estimated number of wrong labels; nan if there is none.
        min_precision: review samples that are wrong with at least this probability, in (0, 1).
            Where fewer samples are that certain than labels are estimated to be wrong, as many
            samples as the estimate says.

    Raises:
        UserError: ``min_precision`` is out of range.
    """
    if not 0 < min_precision < 1:
        raise UserError(f"min_precision must be in (0, 1), got {min_precision}")
    p = table["probability"].to_numpy(dtype=np.float64)
    wrong = np.cumsum(p)
    likely = np.flatnonzero(p >= min_precision)
    samples = int(likely[-1]) + 1 if len(likely) else 0
    if isfinite(expected_label_errors):
        samples = min(len(p), max(samples, ceil(expected_label_errors)))
    reached = [int(np.searchsorted(wrong, share * wrong[-1])) for share in SHARES]
    steps = pd.DataFrame(
        {
            "share": SHARES,
            "review": [place + 1 for place in reached],
            "probability": p[reached],
        }
    )
    return ReviewPlan(
        samples=samples,
        expected_errors=float(wrong[samples - 1]) if samples else 0.0,
        all_expected_errors=float(wrong[-1]),
        expected_label_errors=expected_label_errors,
        stop_after=ceil(log(DOUBT) / log(1 - min_precision)),
        steps=steps,
    )
