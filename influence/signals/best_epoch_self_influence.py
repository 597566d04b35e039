"""Self-Influence at one epoch, chosen without knowing any glitch."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training
from influence.signals.grand import gradient_norms
from influence.trace import Trace

CLEAN_QUANTILE = 0.99


def best_epoch(trace: Trace) -> int:
    """The epoch (from 1) at which most training samples stand out from the clean validation set.

    A sample stands out if its gradient norm exceeds that of 99 % of the validation samples. Of
    several best epochs the first is taken.
    """
    train = gradient_norms(trace.train, trace.bias)
    clean = np.quantile(gradient_norms(trace.validation, trace.bias), CLEAN_QUANTILE, axis=1)
    return int((train > clean[:, None]).sum(axis=1).argmax()) + 1


@whole_training
def best_epoch_self_influence(evidence: Evidence) -> Scores:
    """I_t(i → i) at the epoch t at which most training samples have a larger gradient norm than
    99 % of the clean validation samples.

    Source: training dynamics, as the paper proposes in section 6.
    """
    return evidence.full_profile.epoch(best_epoch(evidence.trace)).self_influence
