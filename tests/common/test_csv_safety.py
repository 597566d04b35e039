"""Cells that spreadsheets would execute."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from common.csv_safety import escape_formula, unescape_formula, write_csv

FORMULAS = ["=cmd|' /C calc'!A0", "+x", "-x", "@SUM(A1)", "\t=1", "\r=1", "-1+1", "-", "'=1", "''@"]
HARMLESS = ["", "-1", "+3.5e7", "-.5", "2", "a=1", "'tis", "ü", " =1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_marked_and_come_back(text: str) -> None:
    assert escape_formula(text) == "'" + text
    assert unescape_formula("'" + text) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_all_else_stays(text: str) -> None:
    assert escape_formula(text) == text
    assert unescape_formula(text) == text


def test_a_table_has_no_formula(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"=a": ["=1", None, "b"], "n": [-1.5, 2.0, 3.0], "flag": [True, False, True]},
        index=["@row", "c", "-2"],
    )
    write_csv(frame, tmp_path / "t.csv", index=True)
    with (tmp_path / "t.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["", "'=a", "n", "flag"],
            ["'@row", "'=1", "-1.5", "True"],
            ["c", "", "2.0", "False"],
            ["-2", "b", "3.0", "True"],
        ]
    assert frame.columns[0] == "=a"
