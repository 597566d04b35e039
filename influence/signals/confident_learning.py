"""Confident learning (Northcutt et al., JAIR 2021), by cleanlab."""

from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training
from influence.signals.features import last_layer_features
from influence.signals.probes import cross_fitted_probabilities, over_present_classes


@whole_training
def confident_learning(evidence: Evidence) -> Scores:
    """1 − normalised margin in [0, 1], plus 1 for the samples that confident learning prunes.

    Probabilities come from cross-fitted probes on the inputs of the last layer.
    """
    features = last_layer_features(evidence)
    labels, probabilities = over_present_classes(
        features.labels,
        cross_fitted_probabilities(
            features, evidence.n_classes, evidence.rng("confident_learning")
        ),
    )
    pruned = find_label_issues(labels, probabilities, n_jobs=1)
    quality = get_label_quality_scores(labels, probabilities, method="normalized_margin")
    return features.restore(pruned + 1.0 - quality)
