"""CNCI, the Conditional Negative Counterfactual Influence (Myrtakis et al., KDD 2025)."""

import numpy as np
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


def cnci_repair(evidence: Evidence) -> NDArray[np.int64]:
    """The label that CNCI tries for each sample, and proposes as its repair, (n,).

    It is the class on whose validation samples the cumulated negative influence is strongest,
    argmin_c N_ic: the samples that the given label hurts most.
    """
    profile = evidence.full_profile.cumulative
    present = np.flatnonzero(profile.class_counts > 0)
    return present[profile.negative[:, present].argmin(axis=1)]


@whole_training
def cnci(evidence: Evidence) -> Scores:
    """N_{i, y_i} at the last epoch, had sample i the label of :func:`cnci_repair`.

    Never positive. Nearer zero is more suspicious: with a wrong label corrected, the sample no
    longer hurts the class that it was wrongly given.
    """
    tried = evidence.counterfactual(cnci_repair(evidence), [evidence.full_profile.epochs])
    return tried.epoch(1).negative[np.arange(len(evidence.labels)), evidence.labels]
