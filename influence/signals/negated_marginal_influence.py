"""Marginal Influence with the opposite sign."""

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch
from influence.signals.marginal_influence import marginal_influence


@per_epoch
def negated_marginal_influence(evidence: Evidence) -> Scores:
    """−Σ_j I(i → j): samples that help validation least are suspicious."""
    return -marginal_influence.score(evidence)
