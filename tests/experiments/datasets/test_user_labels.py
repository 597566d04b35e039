"""Label columns of all types, and class names that are unusual."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from user_files import csv, load, refusal

from common.errors import UserError
from experiments.datasets.user.labels import encoded_labels, name_notes


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(np.zeros(20, [("a", "i4")]), id="structured"),
        pytest.param(np.zeros(20, "V4"), id="raw bytes"),
        pytest.param(np.array([b"\xff", b"\xfe"] * 10), id="bytes that are not UTF-8"),
    ],
)
def test_arrays_that_are_no_labels(labels: np.ndarray, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", x=np.arange(40.0).reshape(20, 2), y=labels)
    assert "'y'" in refusal(tmp_path / "t.npz")


def test_labels_of_bytes() -> None:
    values = pd.Series([b"a", b"b", b"a", b"b"], dtype=object)
    assert encoded_labels("labels", values)[1] == ("a", "b")
    with pytest.raises(UserError, match="not UTF-8"):
        encoded_labels("labels", pd.Series([b"\xff", b"\xfe"] * 2, dtype=object))


def test_class_names_that_hardly_differ_or_hide_something() -> None:
    assert name_notes(["red", "blue", "a b", "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{BOY}"]) == []
    assert "begin or end with a space" in name_notes([" red", " blue"])[0]
    form, *rest = name_notes(["e\u0301", "\u00e9", "x"])
    assert "Unicode form" in form
    assert rest == []
    alike, unseen = name_notes(["red", "red\u200b"])
    assert "kept apart" in alike
    assert "'red\\u200b'" in unseen


def test_a_single_class_with_a_long_name(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,label\n" + ("1," + "p" * 5000 + "\n") * 6)
    assert len(refusal(tmp_path / "t.csv")) < 400


def test_labels_beyond_64_bits_stay_apart(tmp_path: Path) -> None:
    codes = [2**64 + 1, 2**64 + 3, 7]
    rows = [f"{codes[i % 3]},{i % 4},{codes[i % 3]}" for i in range(24)]
    data = load(csv(tmp_path / "t.csv", "code,a,label", *rows))
    assert data.class_names == ("18446744073709551617", "18446744073709551619", "7")
    assert data.x[:3, 0].std() > 0
    rows[0] = "NA,0,7"
    data = load(csv(tmp_path / "t.csv", "code,a,label", *rows))
    assert data.feature_names == ("code", "a", "missingindicator_code")
