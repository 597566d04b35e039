"""The exact engine against the n × m matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from random_traces import Shape, dense_influence, dense_profile, random_trace, with_sum

from common.errors import UserError
from influence.engine import tiles
from influence.estimators.exact import exact_profile
from influence.profile import Profile
from influence.trace import Trace

SHAPES = [
    Shape(),
    Shape(classes=2),
    Shape(n=40, m=200, classes=10, d=8),
    Shape(n=20, m=30, classes=12, d=4),  # classes of fewer samples than there are classes
    Shape(n=300, m=90, classes=3, d=2),
    Shape(n=1, m=1, d=1, epochs=1),
]


def assert_equal(found: Profile, expected: Profile, rtol: float) -> None:
    for name in ("self_influence", "positive", "negative"):
        want = getattr(expected, name)
        atol = rtol * float(np.abs(want).max(initial=0.0))
        np.testing.assert_allclose(getattr(found, name), want, rtol=rtol, atol=atol, err_msg=name)
    np.testing.assert_array_equal(found.class_counts, expected.class_counts)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_equals_the_matrix_in_double_precision(shape: Shape, constant: bool, bias: bool) -> None:
    trace = random_trace(shape, constant=constant, bias=bias)
    assert_equal(exact_profile(trace), dense_profile(trace), 1e-12)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("constant", [False, True])
def test_tiles_fit_together(shape: Shape, dtype: type[np.floating], constant: bool) -> None:
    trace = random_trace(shape, dtype, constant=constant)
    assert_equal(exact_profile(trace), dense_profile(trace), 1e-6 if dtype is np.float32 else 1e-12)


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("shape", [*SHAPES, Shape(n=200, m=1500, d=64, classes=2)], ids=str)
def test_single_precision_keeps_the_stated_bound(shape: Shape, constant: bool) -> None:
    trace = random_trace(shape, np.float32, constant=constant)
    found, expected = exact_profile(trace), dense_profile(trace)
    members = np.eye(shape.classes)[trace.validation.labels]
    magnitude = with_sum(dense_influence(trace, magnitude=True)) @ members
    roundings = shape.d + shape.classes + tiles.WIDTH + shape.epochs + 4
    bound = roundings * 2.0**-24 * magnitude
    for name in ("positive", "negative"):
        error = np.abs(getattr(found, name) - getattr(expected, name))
        assert (error <= bound).all()
        # roundings cancel: what is seen is far below the bound
        assert error.max() <= 2e-6 * np.abs(getattr(expected, name)).max()


def test_a_tiny_part_keeps_its_digits_beside_a_large_one() -> None:
    """Subtracting the large part from the whole sum would leave none of them."""
    trace = random_trace(Shape(n=50, m=100, d=3, classes=2), np.float32)
    faint = trace.validation.labels == trace.validation.labels[0]
    faint[::2] = False
    inputs = [np.abs(h) for h in trace.validation.inputs]
    for h in inputs:
        h[faint] *= -1e-9
    positive_train = replace(trace.train, inputs=[np.abs(h) for h in trace.train.inputs])
    trace = Trace(
        positive_train, replace(trace.validation, inputs=inputs), trace.learning_rates, bias=False
    )
    found, expected = exact_profile(trace), dense_profile(trace)
    smaller = np.minimum(expected.positive, -expected.negative)
    large = np.maximum(expected.positive, -expected.negative)
    assert (smaller[smaller > 0] < 1e-8 * large[smaller > 0]).any()
    np.testing.assert_allclose(found.positive, expected.positive, rtol=2e-5)
    np.testing.assert_allclose(found.negative, expected.negative, rtol=2e-5)


def test_what_cancels_within_a_class_costs_no_digits() -> None:
    """Validation samples in opposite pairs, whose influences all but cancel."""
    trace = random_trace(Shape(n=60, m=800, d=16, classes=4), np.float32, bias=False)
    half = 400
    inputs = [np.concatenate([h[:half], -h[:half]]) for h in trace.validation.inputs]
    for h in inputs:
        h[half:] *= 1 + 1e-4
    logits = np.concatenate([trace.validation.logits[:, :half]] * 2, axis=1)
    labels = np.concatenate([trace.validation.labels[:half]] * 2)
    validation = replace(trace.validation, inputs=inputs, logits=logits, labels=labels)
    trace = replace(trace, validation=validation)
    found, expected = exact_profile(trace), dense_profile(trace)
    sums = expected.positive + expected.negative
    assert np.abs(sums).max() < 1e-3 * expected.positive.max()
    np.testing.assert_allclose(
        found.positive + found.negative, sums, rtol=0, atol=1e-6 * np.abs(sums).max()
    )


def test_parts_have_their_signs() -> None:
    found = exact_profile(random_trace(Shape(n=200, m=60), np.float32, sharpness=20.0))
    assert (found.positive >= 0).all()
    assert (found.negative <= 0).all()
    assert (found.self_influence >= 0).all()


def test_sum_over_epochs_is_taken_before_the_sign() -> None:
    trace = random_trace(Shape())
    found = exact_profile(trace)
    assert (found.positive[-1] <= found.positive[:-1].sum(0) + 1e-12).all()
    assert (found.positive[-1] < 0.9 * found.positive[:-1].sum(0)).any()


@pytest.mark.parametrize("constant", [False, True])
def test_other_labels_and_epochs(constant: bool) -> None:
    trace = random_trace(Shape(), constant=constant)
    labels = (trace.train.labels + 1) % 3
    found = exact_profile(trace, labels, epochs=[3, 1])
    assert_equal(found, dense_profile(trace, labels, [3, 1]), 1e-12)
    assert found.epochs == 2


def test_equal_threads_give_equal_bits() -> None:
    trace = random_trace(Shape(n=700, m=300, d=20, classes=4), np.float32)
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            first, second = exact_profile(trace), exact_profile(trace)
            np.testing.assert_array_equal(first.positive, second.positive)
            np.testing.assert_array_equal(first.negative, second.negative)
            assert torch.get_num_threads() == threads
            assert_equal(first, dense_profile(trace), 1e-6)
    finally:
        torch.set_num_threads(before)


@pytest.mark.gpu
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gpu_finds_the_same(dtype: type[np.floating], constant: bool) -> None:
    trace = random_trace(Shape(n=700, m=300, d=20, classes=4), dtype, constant=constant)
    tolerance = 1e-6 if dtype is np.float32 else 1e-12
    assert_equal(exact_profile(trace, device="cuda"), dense_profile(trace), tolerance)


def test_the_caller_keeps_its_denormals_and_its_trace() -> None:
    trace = random_trace(Shape())
    before = [h.copy() for h in trace.train.inputs]
    exact_profile(trace)
    assert torch.tensor([1e-310], dtype=torch.float64).mul(1.0).item() != 0.0
    for h, kept in zip(trace.train.inputs, before, strict=True):
        np.testing.assert_array_equal(h, kept)


def test_read_only_arrays() -> None:
    trace = random_trace(Shape(), np.float32)
    for samples in (trace.train, trace.validation):
        samples.labels.setflags(write=False)
        for array in (*samples.inputs, samples.logits):
            array.setflags(write=False)
    assert_equal(exact_profile(trace), dense_profile(trace), 1e-6)


def test_perfectly_learned_samples_have_no_influence() -> None:
    trace = random_trace(Shape(m=60), np.float32)
    logits = trace.train.logits.copy()
    logits[:, np.arange(5), trace.train.labels[:5]] = 300.0
    found = exact_profile(replace(trace, train=replace(trace.train, logits=logits)))
    assert (found.self_influence[:, :5] == 0).all()
    assert (found.positive[:, :5] == 0).all()
    assert (found.negative[:, :5] == 0).all()


def test_a_validation_class_without_samples() -> None:
    trace = random_trace(Shape())
    labels = np.where(trace.validation.labels == 1, 2, trace.validation.labels)
    trace = replace(trace, validation=replace(trace.validation, labels=labels))
    found = exact_profile(trace)
    assert found.class_counts[1] == 0
    assert (found.positive[:, :, 1] == 0).all()
    assert (found.negative[:, :, 1] == 0).all()
    assert_equal(found, dense_profile(trace), 1e-12)


@pytest.mark.parametrize(("n", "m"), [(0, 9), (9, 0)])
def test_empty_sides(n: int, m: int) -> None:
    found = exact_profile(random_trace(Shape(n=n, m=m)))
    assert found.positive.shape == (4, n, 3)
    assert not found.positive.any()
    assert found.class_counts.sum() == m


@pytest.mark.parametrize("part", ["train", "validation"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_inputs_that_are_not_finite(part: str, value: float) -> None:
    trace = random_trace(Shape(), np.float32)
    getattr(trace, part).inputs[1][4] = value
    with pytest.raises(UserError, match=r"not finite at epoch 2: .* NaN, infinite or too large"):
        exact_profile(trace)


def test_inputs_whose_products_overflow() -> None:
    trace = random_trace(Shape(), np.float32)
    for samples in (trace.train, trace.validation):
        samples.inputs[2][:] *= 1e25
    with pytest.raises(UserError, match="not finite at epoch 3"):
        exact_profile(trace)


@pytest.mark.parametrize(
    ("epochs", "message"),
    [
        ([1, 4], r"epochs must lie in 1\.\.3, got 4"),
        ([0], r"epochs must lie in 1\.\.3, got 0"),
        ([], "at least one epoch"),
    ],
)
def test_epochs_that_the_trace_does_not_have(epochs: list[int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        exact_profile(random_trace(Shape()), epochs=epochs)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(37, 3), r"labels must lie in 0\.\.2, got 3\.\.3"),
        (np.full(37, -1), r"labels must lie in 0\.\.2, got -1\.\.-1"),
        (np.zeros(36, int), r"labels must have shape \(37,\), got \(36,\)"),
    ],
)
def test_labels_that_do_not_fit(labels: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=message):
        exact_profile(random_trace(Shape()), labels)
