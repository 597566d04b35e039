"""One verdict from several opinions."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.audit.aggregate import learned_epochs, mean_ranks, united
from experiments.audit.fold import Opinion
from experiments.audit.pipeline import MOST_VALIDATION, parts
from influence.diagnosis.base import NO_LABEL, Diagnosis


def opinion(rows: list[int], kinds: list[list[float]], flagged: list[bool], **more: Any) -> Opinion:
    """What one training says; the first kind is that of the flagged ones."""
    p = np.array(kinds, dtype=float)
    found = Diagnosis(
        p.sum(axis=1),
        np.array(flagged),
        np.array(more.get("kind", ["clean"] * len(rows)), dtype=object),
        p,
        np.array(more.get("labels", [NO_LABEL] * len(rows))),
    )
    ranks = {"loss": np.array(more.get("ranks", np.arange(len(rows)) / len(rows)))}
    learned = np.array(more.get("learned", [1] * len(rows)))
    nothing: Any = None
    places = np.array(rows)
    return Opinion(
        places, places[:0], places[:0], found, ranks, learned, nothing, nothing, accuracy=0.5
    )


OPINIONS = [
    opinion(
        [0, 1, 2],
        [[0.9, 0, 0, 0], [0, 0, 0, 0.6], [0, 0, 0, 0]],
        [True, True, False],
        labels=[2, NO_LABEL, 1],
        kind=["label_error", "corrupted", "hard"],
        ranks=[1.0, 0.6, 0.2],
        learned=[3, 0, 1],
    ),
    opinion(
        [0, 1, 3],
        [[0.7, 0, 0, 0], [0, 0.2, 0, 0], [0, 0, 0, 0]],
        [True, False, False],
        labels=[2, NO_LABEL, NO_LABEL],
        kind=["label_error", "clean", "clean"],
        ranks=[0.9, 0.1, 0.3],
        learned=[5, 4, 2],
    ),
    opinion([1, 2, 3], [[0, 0, 0, 0.4], [0, 0, 0, 0], [0, 0, 0, 0]], [False, False, False]),
]


def test_opinions_are_averaged_over_those_who_judged() -> None:
    found = united(OPINIONS, 4, 3)
    np.testing.assert_allclose(found.probability, [0.8, 0.4, 0, 0])
    np.testing.assert_allclose(found.kind_probability.sum(axis=1), found.probability)
    assert found.flagged.tolist() == [True, False, False, False]
    assert found.kind.tolist() == ["label_error", "clean", "hard", "clean"]
    assert found.expected_label.tolist() == [2, NO_LABEL, 1, NO_LABEL]


def test_ranks_start_at_the_most_suspicious_and_the_first_opinion_says_when_learned() -> None:
    assert mean_ranks(OPINIONS, 4)["loss"].tolist() == [1, 4, 3, 2]
    assert learned_epochs(OPINIONS, 4).tolist() == [3, 0, 1, 2]


def test_parts_are_disjoint_and_hold_their_share_of_each_class() -> None:
    labels = np.repeat([0, 1, 2], [50, 13, 2])
    found = list(parts(labels, 5, 0))
    assert sorted(np.concatenate(found)) == list(range(65))
    assert all(9 <= np.bincount(labels[part])[0] <= 11 for part in found)
    assert all(2 <= np.bincount(labels[part])[1] <= 3 for part in found)
    many = list(parts(np.arange(100_000) % 10, 2, 0))
    assert [len(part) for part in many] == [MOST_VALIDATION] * 2
    assert not set(many[0]) & set(many[1])
