"""One signal for every glitch: the probability that a sample is one, of whatever kind."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from influence.diagnosis.base import Diagnosis
from influence.diagnosis.decision import flag
from influence.diagnosis.diagnose import diagnose
from influence.diagnosis.without_reference import diagnose_without_reference
from influence.evidence import Evidence
from influence.signals.base import Scores, Signal


def _signal(diagnosis: Callable[[Evidence], Diagnosis], description: str) -> Signal:
    name = diagnosis.__name__

    def score(evidence: Evidence) -> Scores:
        return evidence.once(name, diagnosis).probability

    def kinds(evidence: Evidence) -> NDArray[np.object_]:
        return evidence.once(name, diagnosis).kind

    score.__doc__ = description
    return Signal(score, flag=flag, kinds=kinds)


fused = _signal(diagnose, "Probability that the sample is a glitch of any kind.")
fused_alone = _signal(
    diagnose_without_reference,
    "Probability that the label is wrong, estimated without validation samples.",
)
