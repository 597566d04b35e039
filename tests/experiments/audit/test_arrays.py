"""Objects in memory as audit data: what is taken, what is refused with one line."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from scipy import sparse

from common.errors import UserError
from experiments.audit.arrays import audit_data, with_frames

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).round(3)
Y = np.arange(60) % 3
FRAME = pd.DataFrame(X, columns=list("abcd"))
IMAGES = RNG.integers(0, 256, (60, 5, 6))


@pytest.mark.parametrize(
    "x",
    [
        X.tolist(),
        X.astype(">f8"),
        X.astype(object),
        np.asfortranarray(X),
        np.ma.masked_array(X),
        sparse.csr_matrix(X),
        torch.tensor(X),
        torch.tensor(X, requires_grad=True),
        torch.tensor(X).to_sparse(),
        FRAME,
        pd.DataFrame(X),
        FRAME.set_axis(["a", "a", "b", "a"], axis=1),
        FRAME.set_axis(pd.MultiIndex.from_product([["g", "h"], [1, 2]]), axis=1),
        FRAME.set_axis([0] * 60),
        FRAME.set_index([FRAME.index, FRAME.index]),
        FRAME.astype("Float64"),
        FRAME.astype(pd.SparseDtype("float64")),
        FRAME.convert_dtypes(dtype_backend="pyarrow"),
        with_frames(pa.table(dict(FRAME))),
        with_frames(pa.record_batch(dict(FRAME))),
        torch.tensor(X).to_sparse_coo(),
    ],
    ids=lambda x: type(x).__name__,
)
def test_forms_of_the_same_numbers_are_equal(x: Any) -> None:
    np.testing.assert_array_equal(audit_data(x, Y, None).train.x, X.astype(np.float32))


def test_half_precision_numbers_are_taken() -> None:
    for dtype in (torch.bfloat16, torch.float16):
        given = torch.tensor(X).to(dtype)
        np.testing.assert_array_equal(audit_data(given, Y, None).train.x, given.float().numpy())


def test_repeated_names_are_numbered() -> None:
    x = FRAME.set_axis(["a", "a", "b", "a"], axis=1)
    assert audit_data(x, Y, None).train.feature_names == ("a", "a.1", "b", "a.2")


def test_text_in_an_object_array_is_a_category() -> None:
    x = np.array([["u", 1.5], ["v", 2.5], ["w", 0.5], ["u", 1.0]] * 15, dtype=object)
    assert audit_data(x, Y, None).train.x.shape == (60, 4)


@pytest.mark.parametrize(
    "y",
    [
        Y.tolist(),
        Y.astype(">i8"),
        Y.astype(float),
        Y[:, None],
        torch.tensor(Y),
        pd.Series(Y, index=range(60, 120)),
        pd.Series(Y).astype("Int64"),
        pd.Series(Y).astype("Float64"),
        pd.Series(Y).astype("category"),
        pd.DataFrame({"y": Y}),
        np.array(["0", "1", "2"])[Y],
    ],
    ids=lambda y: type(y).__name__,
)
def test_forms_of_the_same_labels_are_equal(y: Any) -> None:
    train = audit_data(X, y, None).train
    assert train.y.tolist() == Y.tolist()
    assert train.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("x", "shape"), [(IMAGES, (60, 5, 6, 1)), (torch.tensor(IMAGES), (60, 5, 6, 1))]
)
def test_images(x: Any, shape: tuple[int, ...]) -> None:
    train = audit_data(x, Y, None).train
    assert train.modality == "image"
    assert train.x.dtype == np.uint8
    assert train.x.shape == shape


def test_a_reference_frame_is_matched_by_column_names() -> None:
    given = audit_data(FRAME[:40], Y[:40], (FRAME[40:][list("dcbae"[:4])], Y[40:]))
    assert given.validation is not None
    np.testing.assert_array_equal(given.validation.x, X[40:].astype(np.float32))


def test_classes_that_the_reference_set_lacks_are_noted() -> None:
    rows = np.flatnonzero(Y < 2)
    data = audit_data(X + 1, Y, (X[rows], Y[rows]))
    assert any("'2'" in note and "foreign" in note for note in data.notes)


def test_any_index_is_ignored_that_is_not_another_order() -> None:
    pairs = FRAME.set_index([FRAME.index, FRAME.index])
    for x in (pairs, FRAME.set_axis(range(7, 67)), FRAME.set_axis([0] * 60)):
        np.testing.assert_array_equal(
            audit_data(x, pd.Series(Y), None).train.x, X.astype(np.float32)
        )


@pytest.mark.parametrize(
    ("x", "y", "validation", "message"),
    [
        (FRAME, Y[:50], None, "same length, got 60 and 50"),
        (X, Y[:50], None, "same length, got 60 and 50"),
        (X[:50], Y, None, "same length, got 50 and 60"),
        (X, Y, (X, Y[:50]), r"reference\[0\] and reference\[1\] .* got 60 and 50"),
        (X[:0], Y[:0], None, "no rows"),
        (X[:1], Y[:1], None, "at least 10 rows"),
        (X[:6], Y[:6], None, "at least 10 rows"),
        (X, np.arange(60) < 2, None, "got 60 rows, 58 of them of class 'False'"),
        (FRAME[::-1], pd.Series(Y), None, r"pass labels\.loc\[data\.index\]"),
        (X, np.eye(3)[Y], None, r"pass labels\.argmax\(axis=1\)"),
        (X, FRAME, None, "one column, got 4"),
        (X, [None, *Y[1:]], None, "no value in row 0"),
        (np.where(X[7, 2] == X, np.nan, X), Y, None, "got nan in row 7, column 2"),
        (np.where(X[7, 2] == X, np.inf, X), Y, None, "got inf in row 7, column 2"),
        (np.ma.masked_greater(X, 1), Y, None, "masked cells"),
        (X * 1j, Y, None, "must hold numbers, got complex128"),
        ([[1, 2], [3]], Y, None, "one array"),
        ("a text", Y, None, r"must hold samples \(n, ...\), got str"),
        (IMAGES / 255, Y, None, r"images .* got float64 of shape \(60, 5, 6\)"),
        (IMAGES * 2, Y, None, "from 0 to 255"),
        (np.zeros((60, 3, 8, 8), int), Y, None, r"got int64 of shape \(60, 3, 8, 8\)"),
        (FRAME, Y, (X, Y), "same form as data, got float64"),
        (X, Y, (FRAME, Y), "same form as data, got a table"),
        (FRAME, Y, (FRAME[["a", "b"]], Y), "lacks columns of data: c, d"),
        (X, Y, (X[:, :2], Y), "columns"),
        (X, Y, (X[:5] + 1, Y[:5] % 2), "at least 10"),
        (X, Y, X, r"pair \(data, labels\), got ndarray"),
    ],
)
def test_what_is_refused(x: Any, y: Any, validation: Any, message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        audit_data(x, y, validation)
    assert len(str(raised.value).splitlines()) == 1


def test_columns_of_arrow_types_are_read_as_those_of_parquet_files() -> None:
    days = [dt.date(2024, 1, 1 + i % 9) for i in range(60)]
    spans = pa.array([i % 5 for i in range(60)], pa.duration("s"))
    table = pa.table({"day": days, "span": spans, "at": [dt.time(i % 7) for i in range(60)]})
    arrow = {field.name: pd.ArrowDtype(field.type) for field in table.schema}
    frame = table.to_pandas(types_mapper=pd.ArrowDtype).astype(arrow)
    labels = pd.Series(days).map(lambda day: dt.date(2024, 1, 1 + day.day % 2))
    for x in (frame, with_frames(table)):
        found = audit_data(x, labels.astype(arrow["day"]), None).train
        assert found.feature_names == ("day", "span", "at")
        expected = np.array([[19723, 0, 0], [19724, 1 / 86400, 1]], np.float32)
        assert np.allclose(found.x[:2], expected)
        assert found.class_names == ("2024-01-01", "2024-01-02")


NESTED = pd.Series([[1, 2]] * 60)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (FRAME.assign(n=NESTED), Y, "column 'n' must hold numbers or text, got a list in row 0"),
        (FRAME.assign(n=pd.Series([{"a": 1}] * 60)), Y, "got a dict in row 0"),
        (
            FRAME.assign(n=NESTED.astype(pd.ArrowDtype(pa.list_(pa.int64())))),
            Y,
            "column 'n' must hold numbers or text, got list",
        ),
        (torch.zeros(60, 4, device="meta"), Y, "data cannot be turned into one array"),
        (5, Y, r"data must hold samples \(n, ...\), got int"),
        (FRAME, range(60), "labels looks continuous, got 60 distinct numbers"),
        (FRAME, set(Y), r"got set of shape \(\)$"),
        (
            FRAME.assign(**dict.fromkeys("abcd", 1)),
            Y,
            "no column is left to learn from: column 'a'",
        ),
    ],
)
def test_what_has_no_features_or_classes_is_refused(x: Any, y: Any, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        audit_data(x, y, None)
    assert "\n" not in str(error.value)
