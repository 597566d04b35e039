"""FINE: alignment with the first eigenvector of the class."""

import numpy as np
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.signals.base import Scores, with_threshold
from influence.signals.blockwise import unit_rows
from influence.signals.thresholds import above_zero
from influence.signals.two_components import log_odds_of_upper


def misalignment(inputs: NDArray[np.floating]) -> NDArray[np.float64]:
    """1 − ⟨u, h_i⟩² of the normalised rows h_i of one class, (n,), where u is the first
    eigenvector of Σ_i h_i h_iᵀ."""
    h = unit_rows(inputs.astype(np.float64))
    first = np.linalg.eigh(h.T @ h)[1][:, -1]
    return np.asarray(1.0 - (h @ first) ** 2)


@with_threshold(above_zero)
def fine(evidence: Evidence) -> Scores:
    """Log-odds that the sample belongs to the component with the lower alignment, of two Gaussians
    fitted to ⟨u, h⟩² in each class; h is the normalised input of the last layer at the last
    checkpoint and u the first eigenvector of its second moment in the class; flags those above 0.

    Source: Kim et al. (FINE), NeurIPS 2021.
    """
    inputs = evidence.trace.train.inputs[-1]
    out = np.empty(len(evidence.labels))
    for label in np.unique(evidence.labels):
        rows = np.flatnonzero(evidence.labels == label)
        out[rows] = log_odds_of_upper(misalignment(inputs[rows]))
    return out
