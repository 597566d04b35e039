"""What a user sees of a grid that runs."""

import io

from fake_trial import spec
from rich.console import Console

from experiments.execution.outcome import Outcome
from experiments.grid.progress import GridProgress

SPECS = [spec(seed) for seed in range(4)]
SECONDS = [10.0, 10.0, 10.0, 30.0]


def shown(terminal: bool, ended: int) -> list[str]:
    """What is printed while trials run two at a time and end ten seconds apart."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, legacy_windows=False)
    now = [0.0]
    progress = GridProgress(console, SPECS, SECONDS, lambda: now[0])
    with progress.bar:
        for number in range(2):
            progress.started(number)
        for number in range(ended):
            now[0] += 10.0
            progress.ended(Outcome(SPECS[number].spec_hash, "finished", seconds=10.0))
    return out.getvalue().replace("\r", "\n").splitlines()


def test_plain_lines_give_what_is_done_runs_and_is_left() -> None:
    lines = [line[len("00:00:00  ") :] for line in shown(terminal=False, ended=3)]
    assert lines == [
        "1 of 4 done, 1 running",
        "2 of 4 done, about 40 s left",
        "3 of 4 done, about 30 s left",
    ]


def test_the_bar_of_a_grid_that_is_stopped_counts_its_last_trials() -> None:
    last = [line for line in shown(terminal=True, ended=2) if "of 4" in line][-1]
    assert "2 of 4 done" in last
    assert "running" not in last


def test_a_failure_is_printed_at_once_and_in_plain_text() -> None:
    out = io.StringIO()
    progress = GridProgress(Console(file=out), SPECS, SECONDS, lambda: 0.0)
    with progress.bar:
        progress.started(0)
        progress.ended(Outcome(SPECS[0].spec_hash, "failed", error="[bold]no[/bold]"))
    assert out.getvalue() == f"failed: {SPECS[0].name}: [bold]no[/bold]\n"
