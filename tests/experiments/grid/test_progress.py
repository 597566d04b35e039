"""What a user sees of a grid that runs."""

import io

from fake_trial import spec
from rich.console import Console

from experiments.execution.job import Task
from experiments.execution.outcome import Outcome
from experiments.grid.progress import Watch

TASKS = [Task(spec(seed)) for seed in range(4)]


def shown(terminal: bool, ended: int) -> list[str]:
    """What is printed of a grid whose trials begin and end two at a time, ten seconds apart."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, legacy_windows=False)
    clock = iter(range(0, 10_000, 10))
    with Watch(console, TASKS, [10.0] * 4, True, lambda: float(next(clock))) as watch:
        for number in range(2):
            watch.started(number)
        for number in range(ended):
            watch.ended(Outcome(TASKS[number].spec.spec_hash, "finished", seconds=10.0))
    return out.getvalue().replace("\r", "\n").splitlines()


def test_plain_lines_tell_what_is_done_runs_and_is_left() -> None:
    lines = [line[len("00:00:00  ") :] for line in shown(terminal=False, ended=0)]
    assert lines == [
        "0 of 4 done, 1 running, about 40 s left",
        "0 of 4 done, 2 running, about 20 s left",
    ]


def test_the_bar_of_a_grid_that_is_stopped_counts_its_last_trials() -> None:
    last = [line for line in shown(terminal=True, ended=2) if "/4" in line][-1]
    assert "2/4" in last
    assert "running" not in last


def test_a_failure_is_said_at_once_and_in_plain_text() -> None:
    out = io.StringIO()
    with Watch(Console(file=out), TASKS, [1.0] * 4, False, lambda: 0.0) as watch:
        watch.started(0)
        watch.ended(Outcome(TASKS[0].spec.spec_hash, "failed", error="[bold]no[/bold]"))
    assert out.getvalue() == f"failed: {TASKS[0].spec.name}: [bold]no[/bold]\n"
