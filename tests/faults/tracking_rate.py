"""What a tracking store has to do for a trial, and how many it takes an hour.

    python tests/faults/tracking_rate.py --uri sqlite:///rate.db
    python tests/faults/tracking_rate.py --uri http://127.0.0.1:5000 --server PID --database PID

One real trial is run once; its result is then logged again and again under other seeds, as a
worker of a grid does. Processor seconds are reported for each process, because they, unlike the
wall time of a machine that also does other work, say how many trials a server can take.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from experiments.execution.job import Job, Task
from experiments.execution.worker import Worker
from experiments.tracking.store import open_experiment
from experiments.tracking.tracker import Tracker
from experiments.training.context import TrialContext
from experiments.trial.resolve import resolve
from experiments.trial.result import TrialResult
from experiments.trial.run import run_trial as run_for_real
from experiments.trial.spec import TrialSpec

HOUR = 3600.0


def spec(seed: int) -> TrialSpec:
    """The trial under another seed."""
    return resolve(
        {"dataset": "digits_table", "model": "mlp", "glitch": "uniform_noise", "seed": seed}, None
    )


@cache
def _result(context: TrialContext) -> TrialResult:
    return run_for_real(spec(0), context)


def run_trial(wanted: TrialSpec, context: TrialContext) -> TrialResult:
    """The result of the one real trial, as that of another spec."""
    return replace(_result(context), spec=wanted)


@dataclass(frozen=True)
class Clock:
    """Processor seconds of processes with all their children.

    Attributes:
        pids: of the processes.
    """

    pids: tuple[int, ...]

    def seconds(self) -> float:
        """So far; children that have ended are counted by their parents."""
        return sum(self._of(psutil.Process(pid)) for pid in self.pids)

    def _of(self, process: psutil.Process) -> float:
        own = process.cpu_times()
        ended = own.children_user + own.children_system
        living = sum(self._of(child) for child in process.children())
        return float(own.user + own.system + ended + living)


def main() -> int:
    """Log trials and print what each costs whom, as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uri", required=True)
    parser.add_argument("--experiment", default="rate")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--server", type=int, nargs="*", default=[], help="its process number")
    parser.add_argument("--database", type=int, nargs="*", default=[], help="its process number")
    options = parser.parse_args()
    clocks = {
        "worker": Clock((psutil.Process().pid,)),
        "MLflow server": Clock(tuple(options.server)),
        "database": Clock(tuple(options.database)),
    }
    uri, experiment_id = open_experiment(options.uri, options.experiment)
    with TemporaryDirectory() as cache_folder:
        context = TrialContext(None, Path(cache_folder))
        worker = Worker(Job(Tracker(uri, experiment_id), context, target=f"{__name__}:run_trial"))
        seeds = range(options.first_seed, options.first_seed + options.trials)
        run_one(worker, options.first_seed + options.trials)  # everything is loaded by then
        before = {name: clock.seconds() for name, clock in clocks.items()}
        began = time.perf_counter()
        for seed in seeds:
            run_one(worker, seed)
        wall = time.perf_counter() - began
    print(f"| {options.trials} trials | seconds a trial | trials an hour |")
    print("| --- | ---: | ---: |")
    print(row("wall time, one worker", wall / options.trials))
    for name, clock in clocks.items():
        if clock.pids:
            print(row(f"processor, {name}", (clock.seconds() - before[name]) / options.trials))
    return 0


def run_one(worker: Worker, seed: int) -> None:
    """Log one trial."""
    outcome = worker.run(Task(spec(seed)))
    if outcome.ending != "finished" or outcome.error:
        raise SystemExit(f"{outcome.ending}: {outcome.error}")


def row(name: str, seconds: float) -> str:
    """A row of the table."""
    return f"| {name} | {seconds:.3f} | {HOUR / seconds:,.0f} |"


if __name__ == "__main__":
    sys.exit(main())
