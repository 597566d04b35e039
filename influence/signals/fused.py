"""One signal for every glitch: the probability that a sample is one, of whatever kind."""

import numpy as np
from numpy.typing import NDArray

from influence.diagnosis import Diagnosis, diagnose
from influence.diagnosis.diagnose import flag
from influence.evidence import Evidence
from influence.signals.base import Scores, Signal


def _diagnosis(evidence: Evidence) -> Diagnosis:
    return evidence.once("diagnosis", diagnose)


def _score(evidence: Evidence) -> Scores:
    return _diagnosis(evidence).probability


def _kinds(evidence: Evidence) -> NDArray[np.object_]:
    return _diagnosis(evidence).kind


fused = Signal(_score, flag=flag, kinds=_kinds)
