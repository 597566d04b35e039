"""Self-Influence."""

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def self_influence(evidence: Evidence) -> Scores:
    """I(i → i).

    Source: Koh and Liang 2017; Pruthi et al. 2020; paper, section 3.
    """
    return evidence.profile.self_influence
