import os
import time
from pathlib import Path

from experiments.execution.time_limit import time_limit


def ended_by(seconds: float, takes: float, folder: Path) -> int:
    """The exit status of a process whose block takes so long under this limit."""
    child = os.fork()
    if child == 0:

        def end(reason: str) -> None:
            folder.joinpath("reason").write_text(reason)

        with time_limit(seconds, end):
            time.sleep(takes)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_block_within_its_limit_goes_on(tmp_path: Path) -> None:
    assert ended_by(60.0, 0.0, tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_block_over_its_limit_ends_the_process_after_a_report(tmp_path: Path) -> None:
    assert ended_by(0.1, 60.0, tmp_path) == 1
    assert "0.1 s" in (tmp_path / "reason").read_text()
