"""The Conditional Negative Counterfactual Influence."""

import numpy as np
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


def cnci_repair(evidence: Evidence) -> NDArray[np.int64]:
    """The label that CNCI tries for each sample and proposes as its repair, (n,).

    This is argmin_c N_ic, the class whose validation samples the given label harms most over the
    whole training.
    """
    profile = evidence.full_profile.cumulative
    present = np.flatnonzero(profile.class_counts > 0)
    return present[profile.negative[:, present].argmin(axis=1)]


@whole_training
def cnci(evidence: Evidence) -> Scores:
    """N_{i, y_i} at the last epoch if sample i had the label argmin_c N_ic, which ``cnci_repair``
    returns.

    Never positive. Nearer zero is more suspicious: once a wrong label is corrected, the sample no
    longer harms the class that it was wrongly given.

    Source: Myrtakis et al., KDD 2025.
    """
    tried = evidence.counterfactual(cnci_repair(evidence), [evidence.full_profile.epochs])
    return tried.epoch(1).negative[np.arange(len(evidence.labels)), evidence.labels]
