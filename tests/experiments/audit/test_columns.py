"""What is told of the columns of a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from common.errors import UserError
from experiments.audit.input.columns import informative, screened
from experiments.audit.input.notes import condensed

ROWS = 40


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ("{:02}/11/2024", "looks like dates"),
        ("{:02}:30", "looks like times of day"),
        ("${}.50", "looks like numbers"),
        ("{} %", "looks like numbers"),
        ("1,{:03}", "looks like numbers"),
        ("1.{:03},5", "looks like numbers"),
        ("1\N{NO-BREAK SPACE}{:03}", "looks like numbers"),
        ("\N{MINUS SIGN}{}", "looks like numbers"),
    ],
)
def test_texts_that_look_like_something_else(form: str, what: str) -> None:
    few = pd.Series([form.format(1 + i % 4) for i in range(ROWS)])
    left_out, (note,) = screened(pd.DataFrame({"a": few}))
    assert left_out == []
    assert note.startswith(f"column 'a' {what}")
    assert note.endswith("taken as categories")
    each = pd.Series([form.format(i) for i in range(ROWS)])
    left_out, (note,) = screened(pd.DataFrame({"a": each}))
    assert left_out == ["a"]
    assert note.startswith(f"column 'a' {what}")
    assert note.endswith("left out")


@pytest.mark.parametrize("form", ["10.0.0.{}", "v{}", "A-{}", "{}th", "1.2.{}"])
def test_other_texts_are_categories(form: str) -> None:
    texts = pd.Series([form.format(i % 4) for i in range(ROWS)])
    assert screened(pd.DataFrame({"a": texts})) == ([], [])


def test_what_is_the_same_of_many_columns_is_told_once() -> None:
    frame = pd.DataFrame({f"c'{n}": [n] * 4 for n in range(30)} | {"x": range(4)})
    left_out, notes = screened(frame)
    assert len(left_out) == len(notes) == 30
    offsets = [f"column {n} has a large offset: {n}e9 was subtracted" for n in range(9)]
    assert condensed(["another note", *notes, *offsets]) == [
        "another note",
        f"{notes[0]}; likewise 29 more columns",
        f"{offsets[0]}; likewise 8 more columns",
    ]
    assert condensed(notes[:5]) == notes[:5]


def test_a_list_of_what_are_no_images() -> None:
    frame = pd.DataFrame({"File": [f"scan {i}" for i in range(ROWS)]})
    with pytest.raises(UserError, match="a list of images names image files in 'File'"):
        informative("list.csv", frame, np.arange(ROWS) % 2)
