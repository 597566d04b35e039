"""CFRank, which combines CNCI and PCID for mixtures of glitches."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from influence.evidence import Evidence
from influence.signals.base import Scores, Signal, whole_training
from influence.signals.cnci import cnci
from influence.signals.pcid import pcid

LABEL_ERROR = "label error"
ANOMALY = "anomaly"


def _rank(signal: Signal, evidence: Evidence) -> Scores:
    """Rank of each sample, from 1/n (least suspicious) to 1 (most); ties get their mean rank."""
    return np.asarray(rankdata(signal(evidence)) / len(evidence.labels))


@whole_training
def cfrank(evidence: Evidence) -> Scores:
    """The larger of the ranks by CNCI and by PCID, in (0, 1]. ``cfrank_kind`` names the kind by
    the higher rank: ``label error`` or ``anomaly``.

    Source: Myrtakis et al., KDD 2025.
    """
    return np.maximum(_rank(cnci, evidence), _rank(pcid, evidence))


def cfrank_kind(evidence: Evidence) -> NDArray[np.str_]:
    """The kind of each sample, (n,): ``"label error"`` if its rank by CNCI is at least that by
    PCID, else ``"anomaly"``."""
    return np.where(_rank(cnci, evidence) >= _rank(pcid, evidence), LABEL_ERROR, ANOMALY)
