"""Train-to-train sums against the n × n matrix."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from random_traces import Shape, dense_influence, random_trace, with_sum

from influence.evidence import Evidence, EvidenceMissingError
from influence.profile import Profile, ProfileSlice
from influence.trace import Trace
from influence.train_support import train_support


def dense_support(trace: Trace, labels: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    used = trace.train.labels if labels is None else labels
    relabelled = replace(trace, validation=replace(trace.train, labels=used))
    influence = with_sum(dense_influence(relabelled, labels))
    influence[:, np.arange(len(used)), np.arange(len(used))] = 0.0
    members = np.eye(trace.n_classes)[used]
    return np.maximum(influence, 0) @ members, np.minimum(influence, 0) @ members


@pytest.mark.parametrize("classes", [2, 5, 12])
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("tile_size", ["large_tiles", "small_tiles"])
def test_equals_the_matrix_without_its_diagonal(
    classes: int, constant: bool, tile_size: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(tile_size)
    trace = random_trace(Shape(n=60, classes=classes), constant=constant)
    found = train_support(trace)
    positive, negative = dense_support(trace)
    np.testing.assert_allclose(found.positive, positive, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.negative, negative, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(
        found.class_counts, np.bincount(trace.train.labels, minlength=classes)
    )


def test_a_sample_that_outweighs_all_others_leaves_their_digits() -> None:
    trace = random_trace(Shape(n=30), np.float32)
    for h in trace.train.inputs:
        h[0] = 1e6 * np.abs(h[0])
    found = train_support(trace)
    positive, negative = dense_support(trace)
    np.testing.assert_allclose(found.positive, positive, rtol=1e-3)
    np.testing.assert_allclose(found.negative, negative, rtol=1e-3)


def test_other_labels_and_epochs() -> None:
    trace = random_trace(Shape())
    labels = (trace.train.labels + 1) % 3
    found = train_support(trace, labels, epochs=[2])
    positive, _ = dense_support(trace, labels)
    np.testing.assert_allclose(found.positive[0], positive[1], rtol=1e-9)
    np.testing.assert_allclose(found.positive[1], positive[1], rtol=1e-9)


def evidence(trace: Trace | None) -> Evidence:
    empty = np.zeros(0)
    nothing = ProfileSlice(empty, empty, empty, np.zeros(3, np.int64))
    profile = Profile(np.zeros((4, 0)), np.zeros((4, 0, 3)), np.zeros((4, 0, 3)), np.zeros(3, int))
    labels = np.zeros(0, np.int64)
    support = None if trace is None else cache(partial(train_support, trace))
    return Evidence(profile, nothing, labels, labels, 3, _train_support=support)


def test_evidence_computes_it_once_for_all_epochs() -> None:
    found = evidence(random_trace(Shape()))
    assert found.at(2).train_support is found.train_support


def test_evidence_without_a_trace_says_so() -> None:
    with pytest.raises(EvidenceMissingError, match="repeat the trial"):
        _ = evidence(None).train_support
