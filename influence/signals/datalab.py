"""Issue scores of cleanlab's Datalab: label, outlier and near duplicate."""

from __future__ import annotations

from typing import Any

import numpy as np
from cleanlab import Datalab
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.features import Features, Matrix, last_layer_features, neighbours
from influence.signals.base import Scores, whole_training
from influence.signals.classifiers import (
    cross_fitted_probabilities,
    reference_probabilities,
    restricted_to_present_classes,
    without_small_class_warnings,
)

NEIGHBOURS = 10


def _issue_score(
    labels: NDArray[np.int64], issue: str, options: dict[str, Any], **inputs: Matrix
) -> Scores:
    """1 − Datalab's quality score for one kind of issue, (n,), in [0, 1]."""
    lab = Datalab({"label": labels}, label_name="label", verbosity=0)
    with without_small_class_warnings():
        lab.find_issues(issue_types={issue: options}, **inputs)
    return 1.0 - lab.get_issues(issue)[f"{issue}_score"].to_numpy()


def _label_score(features: Features, probabilities: Matrix) -> Scores:
    labels, probabilities = restricted_to_present_classes(features.labels, probabilities)
    # within a Ray worker, cleanlab's process pool may never end, since Ray handles SIGTERM
    options = {"clean_learning_kwargs": {"find_label_issues_kwargs": {"n_jobs": 1}}}
    return features.restore(_issue_score(labels, "label", options, pred_probs=probabilities))


def _neighbourhood_score(features: Features, issue: str) -> Scores:
    options = {"k": neighbours(NEIGHBOURS, len(features.train) - 1)}
    return features.restore(_issue_score(features.labels, issue, options, features=features.train))


@whole_training
def datalab_label(evidence: Evidence) -> Scores:
    """Label issue score; out-of-fold class probabilities.

    Source: Northcutt et al., JAIR 2021; cleanlab Datalab.
    """
    features = last_layer_features(evidence)
    rng = evidence.rng("datalab_label")
    return _label_score(features, cross_fitted_probabilities(features, evidence.n_classes, rng))


@whole_training
def datalab_label_validation(evidence: Evidence) -> Scores:
    """Label issue score; class probabilities learned from validation.

    Source: Northcutt et al., JAIR 2021; cleanlab Datalab.
    """
    features = last_layer_features(evidence)
    return _label_score(features, reference_probabilities(features, evidence.n_classes))


@whole_training
def datalab_outlier(evidence: Evidence) -> Scores:
    """Outlier issue score from 10 neighbours.

    Source: cleanlab Datalab.
    """
    return _neighbourhood_score(last_layer_features(evidence), "outlier")


@whole_training
def datalab_near_duplicate(evidence: Evidence) -> Scores:
    """Near-duplicate issue score from 10 neighbours: samples that nearly equal another one.

    Source: cleanlab Datalab.
    """
    return _neighbourhood_score(last_layer_features(evidence), "near_duplicate")
