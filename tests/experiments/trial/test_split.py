from dataclasses import replace

import numpy as np
import pytest

from common.dataset import Dataset
from common.errors import UserError
from experiments.trial.split import draw_subset, split, with_wrong_labels


def labelled(counts: list[int]) -> Dataset:
    y = np.repeat(np.arange(len(counts)), counts)
    x = np.arange(len(y), dtype=np.float32)[:, None]
    return Dataset("toy", "tabular", x, y, tuple("abcdef"[: len(counts)]), np.arange(len(y)))


def test_the_split_is_stratified_disjoint_and_complete() -> None:
    data = labelled([100, 50, 50])
    train, validation = split(data, 0)
    assert np.bincount(train.y).tolist() == [80, 40, 40]
    assert np.bincount(validation.y).tolist() == [20, 10, 10]
    together = np.concatenate([train.source_index, validation.source_index])
    assert sorted(together) == list(range(200))


def test_the_subset_is_stratified() -> None:
    assert np.bincount(draw_subset(labelled([500, 300]), 0.1, 0).y).tolist() == [50, 30]


def test_a_whole_subset_is_the_dataset_itself() -> None:
    data = labelled([4, 4])
    assert draw_subset(data, 1.0, 0) is data


def test_draws_depend_on_the_seed_alone() -> None:
    data = labelled([100, 100])
    first, again, other = (draw_subset(data, 0.5, seed).source_index for seed in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert sorted(first) != sorted(other)


def test_a_class_too_small_to_split_is_named() -> None:
    with pytest.raises(UserError, match="got 1 of class 'b'"):
        split(labelled([10, 1]), 0)


def test_a_set_too_small_to_split_is_named() -> None:
    with pytest.raises(UserError, match="'toy' is too small to split"):
        split(labelled([2, 2, 2, 2, 2, 2]), 0)


def test_validation_labels_are_made_wrong_only_when_asked() -> None:
    data = labelled([50, 30, 20])
    assert with_wrong_labels(data, 0.0, 0).y.tolist() == data.y.tolist()
    noisy = with_wrong_labels(data, 0.2, 0)
    assert (noisy.y != data.y).sum() == 20
    assert set(noisy.y) == {0, 1, 2}


def test_samples_that_the_user_marks_are_not_validated_with() -> None:
    data = labelled([100, 100])
    marked = replace(data, known_glitch=data.source_index % 10 == 0)
    train, validation = split(marked, 0)
    assert train.known_glitch is not None
    assert train.known_glitch.any()
    assert validation.known_glitch is not None
    assert not validation.known_glitch.any()
    assert set(validation.source_index) == {i for i in split(data, 0)[1].source_index if i % 10}
