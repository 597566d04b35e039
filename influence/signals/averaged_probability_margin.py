"""The margin of the averaged probabilities."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


@whole_training
def averaged_probability_margin(evidence: Evidence) -> Scores:
    """max_{c ≠ y_i} log q_{i,c} − log q_{i,y_i}, where q = mean_t p_t.

    Source: Pickler et al. 2025 (arXiv 2510.16211).
    """
    averaged = evidence.trace.train.probabilities.mean(axis=0, dtype=np.float64)
    logits = np.log(np.maximum(averaged, np.finfo(np.float64).tiny))
    rows = np.arange(len(evidence.labels))
    given = logits[rows, evidence.labels]
    logits[rows, evidence.labels] = -np.inf
    return logits.max(axis=1) - given
