"""Influence on validation samples of the sample's own class (the class-wise aggregation that the
paper, section 6, asks for)."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def own_class_influence(evidence: Evidence) -> Scores:
    """−(P + N)_{i, y_i}: a sample that does little for its class is suspicious.

    Anomalies that are fitted with ease do little; wrong labels do much, since they pull the model
    towards the class that they were given.
    """
    return -evidence.profile.by_class[np.arange(len(evidence.labels)), evidence.labels]
