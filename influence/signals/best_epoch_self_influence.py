"""Self-Influence at the epoch where it tells most, chosen without knowing any glitch (the use of
training dynamics that the paper, section 6, asks for)."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training
from influence.signals.grand import gradient_norms
from influence.trace import Trace

CLEAN_QUANTILE = 0.99


def best_epoch(trace: Trace) -> int:
    """The epoch, from 1, at which most training samples stand out from clean validation.

    A sample stands out where its gradient is longer than those of 99 % of the validation samples.
    The first of equals.
    """
    train = gradient_norms(trace.train, trace.bias)
    clean = np.quantile(gradient_norms(trace.validation, trace.bias), CLEAN_QUANTILE, axis=1)
    return int((train > clean[:, None]).sum(axis=1).argmax()) + 1


@whole_training
def best_epoch_self_influence(evidence: Evidence) -> Scores:
    """SI at :func:`best_epoch` alone."""
    return evidence.full_profile.epoch(best_epoch(evidence.trace)).self_influence
