"""Temporary files of commands."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.commands.audit import main as audit
from experiments.commands.repair import main as repair
from experiments.tracking.process import Owner


@pytest.mark.parametrize(
    ("main", "argv"), [(audit, ["--data", "gone.csv"]), (repair, ["--audit", "0123"])]
)
def test_a_command_removes_the_files_of_a_killed_one(
    main: Callable[[Sequence[str]], int],
    argv: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    temporary = tmp_path / "temporary"
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    left = temporary / "influence-dead"
    left.mkdir(parents=True)
    left.joinpath("owner.json").write_text(replace(Owner.here(), birth="earlier").to_json())
    assert main([*argv, "--tracking-uri", f"sqlite:///{tmp_path}/mlflow.db"]) == 2
    assert list(temporary.iterdir()) == []
