"""Influence on validation samples of the sample's own class, signed (the class-wise aggregation
that the paper, section 6, asks for)."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def own_class_influence(evidence: Evidence) -> Scores:
    """−(P + N)_{i, y_i}: a sample that does not support its class is suspicious."""
    return -evidence.profile.by_class[np.arange(len(evidence.labels)), evidence.labels]


@per_epoch
def own_class_negative_influence(evidence: Evidence) -> Scores:
    """−N_{i, y_i}: the harm done to the class that the sample is said to belong to."""
    return -evidence.profile.negative[np.arange(len(evidence.labels)), evidence.labels]
