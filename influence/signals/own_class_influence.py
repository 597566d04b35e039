"""Influence on the validation samples of the sample's own class."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def own_class_influence(evidence: Evidence) -> Scores:
    """−(P + N)_{i, y_i}: a sample that helps its class little is suspicious.

    Anomalies that are easily fitted help little. Wrong labels help much, since they pull the model
    towards the class that they were given.

    Source: class-wise aggregation, as the paper proposes in section 6.
    """
    return -evidence.profile.by_class[np.arange(len(evidence.labels)), evidence.labels]
