"""The user's own CSV and Parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.dataset import Dataset
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.datasets.user.encoding import MAX_CATEGORIES, encoded_features


def frame(**changes: object) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "age": [20.0, 30.0, np.nan, 50.0],
        "colour": ["red", "blue", None, "red"],
        "label": ["no", "yes", "yes", "no"],
    }
    return pd.DataFrame(columns | changes)


def load(
    path: Path, table: pd.DataFrame, label: str | None = None, glitch: str | None = None
) -> Dataset:
    """The table by way of a file."""
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    return source_for(str(path), None).load(DataOptions(None, label, glitch))


def features(column: Sequence[object] | pd.Series) -> dict[str, list[float]]:
    found = encoded_features("toy", pd.DataFrame({"a": column}))
    return dict(zip(found.names, found.x.T.tolist(), strict=True))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_numbers_text_and_missing_cells(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"own.{suffix}"
    data = load(path, frame())
    assert data.name == str(path)
    assert data.modality == "tabular"
    assert data.class_names == ("no", "yes")
    assert data.y.tolist() == [0, 1, 1, 0]
    assert data.source_index.tolist() == [0, 1, 2, 3]
    assert dict(zip(data.feature_names, data.x.T.tolist(), strict=True)) == {
        "age": [20, 30, 30, 50],
        "missingindicator_age": [0, 0, 1, 0],
        "colour_blue": [0, 1, 0, 0],
        "colour_red": [1, 0, 0, 1],
        "colour_None": [0, 0, 1, 0],
    }


def test_the_label_column_by_name(tmp_path: Path) -> None:
    table = frame().rename(columns={"label": "outcome"})
    assert load(tmp_path / "own.csv", table, "outcome").class_names == ("no", "yes")
    with pytest.raises(UserError) as error:
        load(tmp_path / "own.csv", table, "outcom")
    assert str(error.value) == (
        f"unknown label column of {tmp_path}/own.csv 'outcom' (did you mean 'outcome'?); "
        "allowed: age, colour, outcome"
    )


def test_numeric_classes_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    data = load(tmp_path / "own.csv", frame(label=[10, 9, 9, 10]))
    assert data.class_names == ("9", "10")
    assert data.y.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("marks", [[0, 1, 0, 0], [False, True, False, False], [0.0, 1.0, 0, 0]])
def test_marks_of_known_glitches(tmp_path: Path, marks: list[object]) -> None:
    data = load(tmp_path / "own.csv", frame(bad=marks), glitch="bad")
    assert data.known_glitch is not None
    assert data.known_glitch.tolist() == [False, True, False, False]
    assert not any("bad" in name for name in data.feature_names)


@pytest.mark.parametrize("marks", [[0, 1, 2, 0], ["x", "y", "x", "x"], [0, 1, None, 0]])
def test_marks_that_are_neither_true_nor_false(tmp_path: Path, marks: list[object]) -> None:
    with pytest.raises(UserError, match=r"'bad' must be true or false, or 1 or 0, got "):
        load(tmp_path / "own.csv", frame(bad=marks), glitch="bad")


def test_a_column_of_marks_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"unknown column of known glitches of .* 'ages'.*'age'"):
        load(tmp_path / "own.csv", frame(), glitch="ages")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "a", "a", "a"], "must have at least 2 classes, got only 'a'"),
        (["a", "a", "a", "b"], "must have at least 2 rows of each class, got 1 of 'b'"),
        (["a", None, "a", None], "has no value in row 1 (2 in total)"),
        ([0.5, 1.0, 1.0, 0.5], "looks continuous, got 0.5 in row 0"),
    ],
)
def test_label_columns_that_will_not_do(tmp_path: Path, labels: list[object], message: str) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path / "own.csv", frame(label=labels))
    assert f"label column 'label' {message}" in str(error.value)
    assert "\n" not in str(error.value)


def test_stray_text_in_a_column_of_numbers_is_named() -> None:
    cells = [*map(str, range(30)), "12a"]
    with pytest.raises(UserError) as error:
        features(cells)
    assert "toy: column 'a' holds numbers, but '12a' in row 30" in str(error.value)


def test_codes_of_which_many_are_numbers_are_text() -> None:
    assert set(features(["7", "7", "7", "B", "7", "B"])) == {"a_7", "a_B"}


def test_infinite_cells_are_named() -> None:
    with pytest.raises(UserError, match=r"column 'a' must be finite, got inf in row 1"):
        features([1.0, np.inf])


def test_an_empty_column_is_named() -> None:
    with pytest.raises(UserError, match="column 'a' is empty"):
        features([None, None])


def test_cells_that_are_neither_numbers_nor_text() -> None:
    with pytest.raises(UserError, match="must hold numbers or text, got a list in row 1"):
        features(["x", [1]])


def test_booleans_dates_and_ordered_categories_are_numbers() -> None:
    assert features([True, False]) == {"a": [1, 0]}
    assert features([True, None, False, False]) == {
        "a": [1, 0, 0, 0],
        "missingindicator_a": [0, 1, 0, 0],
    }
    assert features(["1970-01-02", "1970-01-11"]) == {"a": [1, 10]}
    assert features(pd.Series(pd.to_datetime(pd.Series(["1970-01-02", None])))) == {
        "a": [1, 1],
        "missingindicator_a": [0, 1],
    }
    sizes = pd.Categorical(["small", "large", None], ["small", "large"], ordered=True)
    assert features(pd.Series(sizes)) == {"a": [0, 1, 0.5], "missingindicator_a": [0, 0, 1]}
    colours = pd.Categorical(["red", "blue", "red"])
    assert features(pd.Series(colours)) == {"a_blue": [0, 1, 0], "a_red": [1, 0, 1]}


def test_rare_categories_share_a_feature() -> None:
    found = features([f"city {i // 2 if i < 80 else i}" for i in range(100)])
    assert len(found) == MAX_CATEGORIES
    assert "a_infrequent_sklearn" in found
    assert (np.array(list(found.values())).sum(axis=0) == 1).all()


def test_the_row_numbers_that_pandas_writes_are_no_feature(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    frame().to_csv(path)
    assert "Unnamed: 0" not in source_for(str(path), None).load(DataOptions()).feature_names


def test_a_folder_of_files_is_one_table(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "b.csv", index=False)
    frame(age=[1.0, 2.0, 3.0, 4.0]).to_csv(tmp_path / "a.csv", index=False)
    data = source_for(str(tmp_path), None).load(DataOptions())
    assert data.x[:, 0].tolist() == [1, 2, 3, 4, 20, 30, 4, 50]
    assert data.source_index.tolist() == list(range(8))


def test_files_with_other_columns_are_named(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "a.csv", index=False)
    frame(size=1).drop(columns="age").to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(UserError) as error:
        source_for(str(tmp_path), None).load(DataOptions())
    assert str(error.value) == (
        f"{tmp_path}/b.csv must have the columns of a.csv, got without age and with size"
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.csv", b""),
        ("own.csv", b'a,"b\n1,2\n'),
        ("own.csv", "ä,b\n1,2\n".encode("latin-1")),
        ("own.parquet", b"PAR1"),
    ],
)
def test_unreadable_files_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        source_for(str(tmp_path / name), None).load(DataOptions())
    assert str(tmp_path / name) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_needs_rows_and_features(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no rows"):
        load(tmp_path / "own.csv", frame().iloc[:0])
    with pytest.raises(UserError, match="has a single column, 'label'"):
        load(tmp_path / "own.csv", frame()[["label"]])
