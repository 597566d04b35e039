"""Temporary files of processes that were killed."""

import os
import signal
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import MachineError
from experiments.execution.scratch import own_scratch, sweep
from experiments.tracking.process import Owner


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def killed_inside(folder: Path) -> None:
    """Let a process end by SIGKILL while it has temporary files."""
    child = os.fork()
    if child == 0:
        with own_scratch() as scratch:
            scratch.joinpath("half").write_text("written")
            tempfile.mkdtemp()
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert list(folder.rglob("half"))


def test_everything_temporary_is_removed_at_the_end(tmp_path: Path) -> None:
    with own_scratch() as scratch:
        assert Path(tempfile.mkdtemp()).parent == scratch
    assert tempfile.gettempdir() == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_next_start_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    killed_inside(tmp_path)
    with own_scratch() as scratch:
        assert list(tmp_path.iterdir()) == [scratch]


def test_directories_of_living_processes_other_hosts_and_other_programs_are_kept(
    tmp_path: Path,
) -> None:
    with own_scratch() as scratch:
        elsewhere, notes = tmp_path / "influence-elsewhere", tmp_path / "influence-notes"
        for other in (elsewhere, notes):
            other.mkdir()
        owner = replace(Owner.here(), host="elsewhere", birth="earlier")
        elsewhere.joinpath("owner.json").write_text(owner.to_json())
        tempfile.tempdir = str(tmp_path)
        sweep()
        assert sorted(tmp_path.iterdir()) == sorted([scratch, elsewhere, notes])


def test_others_cannot_read_temporary_files() -> None:
    with own_scratch() as scratch:
        assert scratch.stat().st_mode & 0o777 == 0o700


def test_no_room_for_temporary_files_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc/none")
    with pytest.raises(MachineError, match="/proc/none"), own_scratch():
        pass
