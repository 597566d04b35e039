"""Dataset cartography: confidence and variability."""

import numpy as np
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


def _probability_of_label(evidence: Evidence) -> NDArray[np.float32]:
    """Probability of the given label, (T, n)."""
    rows = np.arange(len(evidence.labels))
    return evidence.trace.train.probabilities[:, rows, evidence.labels]


@whole_training
def data_maps_confidence(evidence: Evidence) -> Scores:
    """−mean_t p_{t,i}(y_i): low confidence ("hard to learn") is suspicious.

    Source: Swayamdipta et al., EMNLP 2020.
    """
    return -_probability_of_label(evidence).mean(axis=0)


@whole_training
def data_maps_variability(evidence: Evidence) -> Scores:
    """Standard deviation over t of p_{t,i}(y_i) ("ambiguous").

    Source: Swayamdipta et al., EMNLP 2020.
    """
    return _probability_of_label(evidence).std(axis=0)
