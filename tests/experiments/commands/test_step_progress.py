"""Progress of long steps, in a log file and in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from experiments.commands.step_progress import StepProgress


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_with_the_time_left_now_and_then() -> None:
    out, clock = io.StringIO(), Clock()
    with StepProgress(Console(file=out), clock) as progress:
        for done in range(0, 101, 10):
            clock.now = 0.4 * done
            progress("features", done, 100)
    lines = out.getvalue().splitlines()
    assert lines == [
        "features: 30 of 100, about 28 s left",
        "features: 60 of 100, about 16 s left",
        "features: 90 of 100, about 4 s left",
    ]


def test_the_time_left_is_not_known_from_the_first_part_that_is_told() -> None:
    out, clock = io.StringIO(), Clock()
    with StepProgress(Console(file=out), clock) as progress:
        for done in (1, 2):
            clock.now += 20
            progress("folds", done, 5)
    assert out.getvalue().splitlines() == ["folds: 1 of 5", "folds: 2 of 5, about 60 s left"]


def test_a_short_step_leaves_no_line() -> None:
    out = io.StringIO()
    with StepProgress(Console(file=out), Clock()) as progress:
        progress("features", 0, 5)
        progress("features", 5, 5)
    assert out.getvalue() == ""


@pytest.mark.parametrize("done", [0, 3])
def test_a_terminal_shows_the_step(done: int) -> None:
    out = io.StringIO()
    with StepProgress(Console(file=out, force_terminal=True, width=80)) as progress:
        progress("folds", done, 5)
    assert "folds" in out.getvalue()
    assert f"{done}/5" in out.getvalue()
