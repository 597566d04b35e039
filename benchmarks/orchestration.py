"""What Ray, MLflow and artifacts cost a trial: trials that do nothing.

    python benchmarks/orchestration.py

writes docs/benchmarks/orchestration.md. Takes about five minutes on two idle cores.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from engine_report import machine, write_table
from idle_trial import TARGETS

# Ray reads it when its workers start; at Ray's own 15 they yield to whatever else is running
os.environ.setdefault("RAY_worker_niceness", "0")
HERE = Path(__file__).resolve().parent
os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])

from experiments.execution.cluster import cluster  # noqa: E402
from experiments.execution.job import Job, Task  # noqa: E402
from experiments.execution.outcome import Observer, Outcome  # noqa: E402
from experiments.execution.pool import Pool  # noqa: E402
from experiments.execution.ray_executor import execute  # noqa: E402
from experiments.tracking.session import open_session  # noqa: E402
from experiments.training.context import TrialContext  # noqa: E402 - behind their environment, as all below
from experiments.trial.resolve import resolve  # noqa: E402
from experiments.trial.spec import TrialSpec  # noqa: E402

EXPERIMENT = "idle"


@dataclass
class Clock:
    """Wall and processor seconds at the end of each trial, from the start of Ray."""

    began: float = field(default_factory=time.perf_counter)
    ended: list[tuple[float, float]] = field(default_factory=list)

    def note(self, outcome: Outcome) -> None:
        if outcome.ending != "finished":
            raise SystemExit(f"a trial ended as {outcome.ending}: {outcome.error}")
        self.ended.append((time.perf_counter() - self.began, processor_seconds()))

    def per_trial(self, warm: int) -> tuple[float, float]:
        """Wall and processor seconds between ends of trials, the first ``warm`` ones left out."""
        (wall, cpu), (last_wall, last_cpu) = self.ended[warm - 1], self.ended[-1]
        trials = len(self.ended) - warm
        return (last_wall - wall) / trials, (last_cpu - cpu) / trials


def processor_seconds() -> float:
    """User and system time of this process and of all that it has started."""
    own = psutil.Process()
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def specs(count: int) -> list[TrialSpec]:
    return [
        resolve({"dataset": "wine", "model": "mlp", "glitch": "uniform_noise", "seed": seed}, None)
        for seed in range(count)
    ]


def measured(target: str, uri: str, folder: Path, count: int, slots: int) -> list[float]:
    """Of one grid: seconds a trial and slot, processor seconds a trial, seconds until the first
    trial has ended, seconds after the last one."""
    session = open_session(uri, EXPERIMENT, {})
    job = Job(session.tracker, TrialContext(None, folder / "cache"), target=target)
    pool = Pool(slots)
    clock = Clock()
    with cluster(pool, 1, uri):
        tasks = [Task(spec) for spec in specs(count)]
        execute(tasks, job, pool, Observer(lambda _: None, clock.note, print))
    whole = time.perf_counter() - clock.began
    wall, cpu = clock.per_trial(2 * slots)
    return [wall * slots, cpu, clock.ended[0][0], whole - clock.ended[-1][0]]


def of_finished(uri: str, folder: Path, count: int) -> float:
    """Seconds of the command that runs a grid all of whose trials are finished."""
    grid = folder / "idle.toml"
    grid.write_text(
        'title = "Idle"\n[[cells]]\ndataset = "wine"\nmodel = "mlp"\nglitch = "uniform_noise"\n'
        f"seed = {list(range(count))}\n"
    )
    command = [sys.executable, "-m", "experiments.grid", "--grid", str(grid)]
    command += ["--tracking-uri", uri, "--experiment", EXPERIMENT, "--changed-data", "keep"]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--slots", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    rows = []
    for name, target in TARGETS.items():
        found = []
        for _ in range(arguments.repeats):
            with tempfile.TemporaryDirectory() as scratch:
                folder, uri = Path(scratch), f"sqlite:///{scratch}/mlflow.db"
                run = measured(target, uri, folder, arguments.trials, arguments.slots)
                found.append([*run, of_finished(uri, folder, arguments.trials)])
        medians = [statistics.median(values) for values in zip(*found, strict=True)]
        rows.append([name, str(arguments.trials), *(f"{value:.2f}" for value in medians)])
    load = os.getloadavg()[2] / (os.cpu_count() or 1)
    write_table(
        "orchestration",
        "Overhead of a grid",
        f"The trials of this grid do nothing, {arguments.slots} run at a time, so that only Ray"
        " Tune, MLflow on SQLite and artifacts take time. The columns: wall time per trial and"
        " slot; processor time per trial, summed over all processes; the time from the start (Ray,"
        " workers and their imports) until the first trial has ended; the time after the last"
        " trial; and the whole command, including the start of Python, when all trials of the grid"
        f" are finished already. Medians of {arguments.repeats} runs."
        f" {machine(1)}; the mean load of the last 15 minutes was {load:.1f} per core."
        " Repeat: `python benchmarks/orchestration.py`.",
        [
            "trials",
            "number",
            "wall, s per trial and slot",
            "processor, s per trial",
            "start, s",
            "end, s",
            "the grid again, s",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
