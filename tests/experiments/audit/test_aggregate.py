"""The diagnosis of a set, aggregated from its folds."""

from __future__ import annotations

from typing import Any

import numpy as np

from common.dataset import Dataset
from experiments.audit.aggregate import aggregate, learned_epochs, mean_ranks
from experiments.audit.fold import Fold, FoldResult
from experiments.training.prepare import Part
from influence.diagnosis.base import NO_LABEL, Diagnosis

X = np.zeros((1, 1), np.float32)
NOTHING = Dataset("nothing", "tabular", X, np.zeros(1, np.int64), ("a",), np.zeros(1, np.int64))


def fold_result(
    rows: list[int], kinds: list[list[float]], flagged: list[bool], **more: Any
) -> FoldResult:
    """The result of a fold; by default everything is clean and was learned in the first epoch."""
    p = np.array(kinds, dtype=float)
    diagnosis = Diagnosis(
        p.sum(axis=1),
        np.array(flagged),
        np.array(more.get("kind", ["clean"] * len(rows)), dtype=object),
        p,
        np.array(more.get("labels", [NO_LABEL] * len(rows))),
    )
    ranks = {"loss": np.array(more.get("ranks", np.arange(len(rows)) / len(rows)))}
    learned = np.array(more.get("learned", [1] * len(rows)))
    places = np.array(rows)
    fold = Fold.whole(Part(NOTHING, places), Part.whole(NOTHING))
    unused: Any = None
    return FoldResult(fold, diagnosis, ranks, learned, unused, unused, accuracy=0.5)


RESULTS = [
    fold_result(
        [0, 1, 2],
        [[0.9, 0, 0, 0], [0, 0, 0, 0.6], [0, 0, 0, 0]],
        [True, True, False],
        labels=[2, NO_LABEL, 1],
        kind=["label_error", "corrupted", "hard"],
        ranks=[1.0, 0.6, 0.2],
        learned=[3, 0, 1],
    ),
    fold_result(
        [0, 1, 3],
        [[0.7, 0, 0, 0], [0, 0.2, 0, 0], [0, 0, 0, 0]],
        [True, False, False],
        labels=[2, NO_LABEL, NO_LABEL],
        kind=["label_error", "clean", "clean"],
        ranks=[0.9, 0.1, 0.3],
        learned=[5, 4, 2],
    ),
    fold_result([1, 2, 3], [[0, 0, 0, 0.4], [0, 0, 0, 0], [0, 0, 0, 0]], [False, False, False]),
]


def test_probabilities_are_means_over_the_folds_that_diagnosed_a_sample() -> None:
    found = aggregate(RESULTS, 4, 3)
    np.testing.assert_allclose(found.probability, [0.8, 0.4, 0, 0])
    np.testing.assert_allclose(found.kind_probability.sum(axis=1), found.probability)
    assert found.flagged.tolist() == [True, False, False, False]
    assert found.kind.tolist() == ["label_error", "clean", "hard", "clean"]
    assert found.expected_label.tolist() == [2, NO_LABEL, 1, NO_LABEL]


def test_ranks_start_at_the_most_suspicious_and_the_first_fold_says_when_learned() -> None:
    assert mean_ranks(RESULTS, 4)["loss"].tolist() == [1, 4, 3, 2]
    assert learned_epochs(RESULTS, 4).tolist() == [3, 0, 1, 2]
