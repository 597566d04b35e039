"""Delimited text: read as it stands, noted, or refused in one line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from user_files import csv, load, refusal


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        (["a,label", "1,x,", "2,y,"], 0),
        (["a,label", "1,x", "2"], 1),
        (["a,label", "1,x", "2,y,z"], 1),
    ],
)
def test_rows_of_unequal_length_are_refused_with_their_number(
    rows: list[str], number: int, tmp_path: Path
) -> None:
    assert f"row {number} has" in refusal(csv(tmp_path / "t.csv", *rows))


def test_missing_marks_are_missing_numbers_but_text_categories_and_classes(tmp_path: Path) -> None:
    rows = ["n,continent,label", "1,NA,None", "NA,EU,Mild", "3,NA,None", "4,EU,Mild"]
    data = load(csv(tmp_path / "t.csv", *rows))
    assert data.class_names == ("Mild", "None")
    assert data.feature_names == ("n", "missingindicator_n", "continent_EU", "continent_NA")


@pytest.mark.parametrize("name", ["T.CSV", "t.csv.gz", "t.tsv"])
def test_suffixes_of_text(name: str, tmp_path: Path) -> None:
    separator = "\t" if name.endswith("tsv") else ","
    content = "\n".join(
        separator.join(row) for row in (["a", "label"], *[["1", "x"], ["2", "y"]] * 2)
    )
    raw = gzip.compress(content.encode()) if name.endswith("gz") else content.encode()
    (tmp_path / name).write_bytes(raw)
    assert load(tmp_path / name).x.ravel().tolist() == [1, 2, 1, 2]


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    data = load(csv(tmp_path / "t.csv", "a;label", *["1,5;x", "2;y"] * 2))
    assert data.x.ravel().tolist() == [1.5, 2, 1.5, 2]
    assert any("decimal commas" in note for note in data.notes)


def test_a_repeated_header(tmp_path: Path) -> None:
    rows = [f"{i},{i % 3},{'xy'[i % 2]}" for i in range(6)]
    data = load(csv(tmp_path / "t.csv", "a,a,label", *rows))
    assert data.feature_names == ("a", "a.1")
    assert any("more than once" in note for note in data.notes)
    assert "more than one column 'label'" in refusal(
        csv(tmp_path / "u.csv", "a,label,label", *rows)
    )


def test_the_line_that_excel_puts_before_the_header(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("sep=;\na;label\n" + "1;p\n2;q\n" * 6)
    assert "'sep=;'" in refusal(tmp_path / "t.csv")


def test_a_quote_that_is_not_closed_is_refused(tmp_path: Path) -> None:
    rows = [f"{'xy'[i % 2]},note {i}" for i in range(12)]
    rows[4] = 'x,"note 4'
    assert "quote before 'note 4' is not closed, so that the 7 lines" in refusal(
        csv(tmp_path / "t.csv", "label,text", *rows)
    )


def test_cells_and_names_of_several_lines(tmp_path: Path) -> None:
    rows = [f'{i % 5},"note\n{i % 3}",{"xy"[i % 2]}' for i in range(12)]
    rows[0] = "0,note,x"
    data = load(csv(tmp_path / "t.csv", '"a\nb",text,label', *rows))
    assert data.feature_names[0] == "a\nb"
    assert "column 'text' has line breaks in 11 cells, the first in row 1" in data.notes[0]
