"""Forgetting events."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


@whole_training
def forgetting_events(evidence: Evidence) -> Scores:
    """Number of times the prediction goes from right to wrong between checkpoints; T if it is never
    right, which exceeds all other counts.

    Source: Toneva et al., ICLR 2019.
    """
    correct = evidence.trace.train.correct
    forgotten = (correct[:-1] & ~correct[1:]).sum(axis=0)
    return np.where(correct.any(axis=0), forgotten, len(correct)).astype(np.float64)
