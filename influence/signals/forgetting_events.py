"""Forgetting events (Toneva et al., ICLR 2019)."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


@whole_training
def forgetting_events(evidence: Evidence) -> Scores:
    """How often the sample goes from right to wrong between one checkpoint and the next.

    A sample that is never right counts as forgotten T times, more than any other can be (the
    source says infinitely often).
    """
    correct = evidence.trace.train.correct
    forgotten = (correct[:-1] & ~correct[1:]).sum(axis=0)
    return np.where(correct.any(axis=0), forgotten, len(correct)).astype(np.float64)
