"""A two-component mixture on the loss."""

from influence.evidence import Evidence
from influence.signals.base import Scores, with_threshold
from influence.signals.thresholds import above_zero
from influence.signals.two_components import log_odds_of_upper


@with_threshold(above_zero)
def loss_mixture(evidence: Evidence) -> Scores:
    """Log-odds that the sample belongs to the component with the higher loss, of two Gaussians
    fitted to mean_t of the cross-entropy under the given label; flags those above 0.

    Source: Arazo et al., ICML 2019; the Gaussians of Li et al. (DivideMix), ICLR 2020.
    """
    return log_odds_of_upper(evidence.trace.train.losses.mean(axis=0))
