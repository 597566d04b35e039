"""CFRank: CNCI and PCID united, for mixtures of glitches (Myrtakis et al., KDD 2025)."""

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
    """Rank of each sample, 1/n for the least suspicious to 1 for the most; ties share the mean."""
    return np.asarray(rankdata(signal(evidence)) / len(evidence.labels))


@whole_training
def cfrank(evidence: Evidence) -> Scores:
    """The larger of the sample's two ranks, in (0, 1]."""
    return np.maximum(_rank(cnci, evidence), _rank(pcid, evidence))


def cfrank_kind(evidence: Evidence) -> NDArray[np.str_]:
    """The kind that CFRank names for each sample, (n,): ``"label error"`` where CNCI ranks it at
    least as high as PCID does, else ``"anomaly"``."""
    return np.where(_rank(cnci, evidence) >= _rank(pcid, evidence), LABEL_ERROR, ANOMALY)
