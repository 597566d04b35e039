"""The Positive Counterfactual Influence Difference."""

import numpy as np
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


def second_class(evidence: Evidence) -> NDArray[np.int64]:
    """The label that PCID tries: the class with the second-largest cumulative P_ic, (n,)."""
    profile = evidence.full_profile.cumulative
    present = np.flatnonzero(profile.class_counts > 0)
    order = profile.positive[:, present].argsort(axis=1)
    return present[order[:, -2] if len(present) > 1 else order[:, -1]]


@whole_training
def pcid(evidence: Evidence) -> Scores:
    """1 / (w_i δ_i) with w_i = Σ_c P_ic and δ_i = max_c |P_ic − P'_ic|, where P' is the positive
    influence at the last epoch if sample i had the class with the second-largest P_ic.

    If w_i δ_i vanishes, the score is the largest finite one.

    Source: Myrtakis et al., KDD 2025.
    """
    given = evidence.full_profile.cumulative.positive.astype(np.float64)
    tried = evidence.counterfactual(second_class(evidence), [evidence.full_profile.epochs])
    change = np.abs(given - tried.epoch(1).positive).max(axis=1)
    return 1.0 / np.maximum(given.sum(axis=1) * change, np.finfo(np.float64).tiny)
