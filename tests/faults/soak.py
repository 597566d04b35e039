"""Thousands of trivial trials through one worker: its memory and its open files must not grow.

    python tests/faults/soak.py --trials 2000

The trials are made up; everything around them is real: the queries, the run, its metrics and
artifacts in a SQLite store, the log, the temporary files.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from tracking_rate import run_one

from experiments.execution.job import Job
from experiments.execution.scratch import own_scratch
from experiments.execution.worker import Worker
from experiments.machine import MIB
from experiments.tracking.store import open_experiment
from experiments.tracking.tracker import Tracker
from experiments.training.context import TrialContext

SAMPLES = 20
MIB_ALLOWED = 30.0
"""Growth from the second to the last sample; the first is before everything is loaded."""


@dataclass(frozen=True)
class Sample:
    """What the process holds after some trials."""

    trials: int
    memory_mib: float
    files: int
    threads: int
    temporary: int
    seconds: float

    @classmethod
    def now(cls, trials: int, scratch: Path, seconds: float) -> Sample:
        """Of this process."""
        return cls(
            trials,
            psutil.Process().memory_info().rss / MIB,
            psutil.Process().num_fds(),
            threading.active_count(),
            len(list(scratch.iterdir())),
            seconds,
        )


def main() -> int:
    """Run, print a table, and say by the exit status whether anything grew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, own_scratch() as scratch:
        samples = soak(Path(folder), options.trials, scratch)
    print("| trials | memory, MiB | open files | threads | temporary files | s a trial |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for s in samples:
        cells = (f"{s.trials:,}", f"{s.memory_mib:,.0f}", s.files, s.threads, s.temporary)
        print("|", " | ".join(map(str, cells)), f"| {s.seconds:.2f} |")
    grown = growth(samples)
    print(f"\ngrown: {grown or 'nothing'}")
    return 1 if grown else 0


def soak(folder: Path, trials: int, scratch: Path) -> list[Sample]:
    """Run the trials in a store in the folder, and look at this process now and then."""
    uri, experiment_id = open_experiment(f"sqlite:///{folder}/mlflow.db", "soak")
    context = TrialContext(None, folder / "cache")
    worker = Worker(Job(Tracker(uri, experiment_id), context, target="tracking_rate:run_trial"))
    samples, every = [], max(trials // SAMPLES, 1)
    began = time.process_time()
    for number in range(1, trials + 1):
        run_one(worker, number)
        if number % every == 0:
            spent, began = (time.process_time() - began) / every, time.process_time()
            samples.append(Sample.now(number, scratch, spent))
    return samples


def growth(samples: list[Sample]) -> list[str]:
    """What is held more of at the end than when everything was loaded."""
    early, late = samples[1 : len(samples) // 2], samples[len(samples) // 2 :]
    grown = [
        name
        for name in ("files", "threads", "temporary")
        if max(getattr(s, name) for s in late) > max(getattr(s, name) for s in early)
    ]
    memory = [statistics.median(s.memory_mib for s in part) for part in (early, late)]
    return grown + (["memory"] if memory[1] - memory[0] > MIB_ALLOWED else [])


if __name__ == "__main__":
    sys.exit(main())
