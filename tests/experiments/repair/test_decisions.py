"""Decisions: proposed by an audit, read from a file, and checked against the data."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

from common.csv_safety import write_csv
from common.dataset import Dataset
from common.errors import UserError
from experiments.audit.input.data import read
from experiments.repair.decisions import Decisions, propose, read_decisions, validated
from experiments.training.context import TrialContext


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """178 rows of wine as a CSV file with the label column ``kind``."""
    wine = load_wine(as_frame=True)
    names = np.array(["red", "<b>white", "rosé, dry"])
    path = tmp_path / "wine.csv"
    wine.data.assign(kind=names[wine.target]).to_csv(path, index=False)
    return path


def test_proposals() -> None:
    table = pd.DataFrame(
        {
            "row": [5, 6, 7, 8, 9],
            "label": ["a"] * 5,
            "probability": [0.9] * 5,
            "flagged": [True, True, True, True, False],
            "kind": ["label_error", "label_error", "corrupted", "rare_cluster", "hard"],
            "expected_label": ["b", None, "a", None, "b"],
        }
    )
    assert propose(table).to_numpy().tolist() == [
        [5, "relabel", "b", 0.9],
        [6, "drop", "", 0.9],
        [7, "drop", "", 0.9],
        [8, "keep", "", 0.9],
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["9999,drop,,0.5"], "row must be a whole number in 0..177, got '9999'"),
        (["1,delete,,0.5"], "action must be one of keep, relabel, drop, got 'delete' for row 1"),
        (["1,relabel,blue,0.5"], "row 1 has the unknown new_label 'blue'"),
        (["1,drop,,0.5", "1,keep,,0.5"], "row 1 has more than one decision"),
        (["x,drop,,0.5"], "row must be a whole number in"),
    ],
)
def test_decisions_that_will_not_do(
    rows: list[str], message: str, table: Path, tmp_path: Path
) -> None:
    data = read(str(table), "kind", None, TrialContext(None, tmp_path)).train
    path = tmp_path / "d.csv"
    path.write_text("\n".join(["row,action,new_label,probability", *rows]))
    with pytest.raises(UserError, match="(?s)" + re.escape(message)):
        validated(read_decisions(path), data, str(path))


def test_labels_like_formulas_come_back_from_the_decisions_file(tmp_path: Path) -> None:
    x, labels = np.arange(20.0).reshape(10, 2), ["=1+1", "-1", "'@b", "a", "a"]
    pd.DataFrame({"x": x[:, 0], "label": labels * 2}).to_csv(tmp_path / "t.csv", index=False)
    data = read(str(tmp_path / "t.csv"), None, None, TrialContext(None, tmp_path)).train
    table = pd.DataFrame(
        {"row": [0, 1, 2], "action": "relabel", "new_label": ["'@b", "=1+1", "-1"]}
    )
    write_csv(table, tmp_path / "d.csv")
    assert "\n1,relabel,'=1+1\n" in (tmp_path / "d.csv").read_text()
    found = validated(read_decisions(tmp_path / "d.csv"), data, "d")
    assert [data.class_names[label] for label in found.labels] == ["'@b", "=1+1", "-1"]


def test_random_decisions_are_as_many_and_change_every_label() -> None:
    labels = np.arange(60) % 3
    some = Decisions(np.arange(7), (labels[:7] + 1) % 3, np.arange(10, 14))
    other = some.shuffled(labels, 3, np.random.default_rng(0))
    assert len(other.relabelled) == 7
    assert len(other.dropped) == 4
    assert not set(other.relabelled) & set(other.dropped)
    assert (labels[other.relabelled] != other.labels).all()


def test_a_frame_whose_index_repeats_is_refused_in_one_line() -> None:
    one = pd.DataFrame({"row": [0], "action": ["relabel"], "new_label": ["a"]})
    data = Dataset(
        "d", "tabular", np.zeros((8, 1), np.float32), np.arange(8) % 2, ("a", "b"), np.arange(8)
    )
    with pytest.raises(UserError, match=r"row 1 has the unknown new_label 'z'; the classes are a"):
        validated(pd.concat([one, one.assign(row=1, new_label="z")]), data, "decisions")


@pytest.mark.parametrize(
    "text",
    [
        "row;action;new_label;probability\n3;drop;;0,5\n14;relabel;rosé, dry;0,25\n",
        "row\taction\tnew_label\n3.0\tdrop\t\n14.0\trelabel\trosé, dry\n",
        "\ufeffrow;action;new_label\r\n3,0;drop;\r\n14,0;relabel;rosé, dry\r\n",
        'row,action,new_label\n 3,drop,\n14.0,relabel,"rosé, dry"\n',
    ],
)
def test_decisions_as_spreadsheets_write_them(text: str, table: Path, tmp_path: Path) -> None:
    data = read(str(table), "kind", None, TrialContext(None, tmp_path)).train
    path = tmp_path / "d.csv"
    path.write_text(text)
    found = validated(read_decisions(path), data, str(path))
    assert (found.dropped.tolist(), found.relabelled.tolist()) == ([3], [14])
    assert data.class_names[found.labels[0]] == "rosé, dry"


@pytest.mark.parametrize("row", ["3.5", "1.000", "1e2", "-1", "3,00", ""])
def test_row_numbers_that_could_mean_another_row(row: str, table: Path, tmp_path: Path) -> None:
    data = read(str(table), "kind", None, TrialContext(None, tmp_path)).train
    decisions = pd.DataFrame({"row": [row], "action": ["drop"], "new_label": [""]})
    with pytest.raises(UserError, match=re.escape(f"in 0..177, got {row!r}")):
        validated(decisions, data, "decisions")


def test_a_file_without_decisions_decides_nothing(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("row,action,new_label,probability\n")
    assert read_decisions(tmp_path / "d.csv").empty
