"""The area under the margin."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


@whole_training
def aum(evidence: Evidence) -> Scores:
    """−mean_t (z_{t,i,y_i} − max_{c ≠ y_i} z_{t,i,c}) over the logits z.

    A small margin is suspicious, hence the sign.

    Source: Pleiss et al., NeurIPS 2020.
    """
    logits = evidence.trace.train.logits.astype(np.float64)
    rows = np.arange(len(evidence.labels))
    given = logits[:, rows, evidence.labels]
    logits[:, rows, evidence.labels] = -np.inf
    return (logits.max(axis=2) - given).mean(axis=0)
