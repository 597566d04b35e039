"""Any grid file gives trials or an error of one line for each mistake; nothing is written."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import UserError
from experiments.grid.definition import load_grid
from experiments.trial.spec import TrialSpec

pytestmark = pytest.mark.slow

CELL = {"dataset": "wine", "model": "mlp", "glitch": "uniform_noise"}
NAMES = ("wine", "digits", "mlp", "resnet20", "none", "uniform_noise", "paper", "exact", "a/b.csv")
SCALARS = (
    st.sampled_from(NAMES)
    | st.text(max_size=8)
    | st.booleans()
    | st.integers(-2, 3)
    | st.integers()
    | st.floats()
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=3), SCALARS)
KEYS = st.sampled_from([f.name for f in fields(TrialSpec)]) | st.text(max_size=8)
CELLS = st.dictionaries(KEYS, VALUES, max_size=4).map(lambda changes: CELL | changes)
FILES = st.fixed_dictionaries(
    {"cells": st.lists(CELLS, max_size=3)},
    optional={
        "title": VALUES,
        "include": st.lists(st.sampled_from(["quick", "toy.toml", "x.toml", "nothing"])),
        "notes": VALUES,
    },
)


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return str(value) if math.isfinite(value) else str(value).replace("infinity", "inf")
        case str():
            return json.dumps(value)
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return f"{{{', '.join(f'{toml(k)} = {toml(v)}' for k, v in value.items())}}}"
        case _:
            return str(value)


def check(content: bytes) -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "toy.toml"
        path.write_bytes(content)
        try:
            grid = load_grid(str(path), None)
        except UserError as error:
            for line in str(error).splitlines():
                assert line.isprintable()
                assert len(line) < 1000
        else:
            assert grid.name == "toy"
            assert len(grid.specs) + len(grid.unavailable) > 0
        assert list(Path(name).iterdir()) == [path]
        assert path.read_bytes() == content


@given(FILES)
def test_files_of_plausible_content(file: dict[str, Any]) -> None:
    check("".join(f"{key} = {toml(value)}\n" for key, value in file.items()).encode())


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_files_of_any_bytes(content: bytes) -> None:
    check(content)
