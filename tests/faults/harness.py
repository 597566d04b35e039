"""Kills the parts of running grids at random moments, and looks whether anything was lost.

    python tests/faults/harness.py --kills 24 --seed 0

Grids of real trials on bundled data are run by the real command. Workers, the driver, Ray's head,
its node and its agents are killed, the driver is interrupted, everything is frozen for a while;
with ``--server`` the runs go to an MLflow server that goes away and comes back, with ``--disk``
all files lie on a small disk that fills up. Each time the same
command is started again, until all trials are finished. Then every trial must be FINISHED exactly
once with all its artifacts, no run may be left RUNNING, nothing may lie in the temporary folder,
and every number and every score must be, bit for bit, that of the same trials run one after
another without any disturbance.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import pandas as pd
import psutil
from disturbances import DISTURBANCES, PATIENCE, Disturbance, fill
from mlflow.entities import Run, ViewType
from services import TrackingServer, small_disk

from experiments import schema
from experiments.execution.job import Job, Task
from experiments.execution.worker import Worker
from experiments.grid.definition import load_grid
from experiments.tracking.record import now_ms
from experiments.tracking.store import find_experiment, open_experiment
from experiments.tracking.tracker import Tracker, client
from experiments.training.context import TrialContext
from experiments.trial.spec import TrialSpec

PROJECT = Path(__file__).resolve().parents[2]
EXPERIMENT = "faults"
NOT_COMPARED = (f"{schema.SECONDS}/", schema.PEAK_RSS)
SPARE = 5
"""Starts beside those that are disturbed."""
AWAY = (2.0, 15.0, 75.0)
"""Seconds for which the server is gone: shorter and longer than a worker's patience."""


def main() -> int:
    """Run the harness and print its figures as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wave", type=int, default=24, help="trials of one grid")
    parser.add_argument("--server", action="store_true", help="runs go to an MLflow server")
    parser.add_argument("--disk", action="store_true", help="a disk that fills up (needs root)")
    parser.add_argument("--folder", type=Path, help="where all files go and stay (default: none)")
    options = parser.parse_args()
    # in the background of a shell it would be ignored, also by all that is started here
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(TemporaryDirectory()))
        if options.disk:
            folder = stack.enter_context(small_disk(folder))
        harness = Harness(folder, options.seed, options.wave)
        if options.disk:
            harness.may_fill_the_disk()
        if options.server:
            stack.enter_context(harness.served())
        harness.run(options.kills)
        findings = harness.findings()
        print(harness.report(findings))
    return 1 if any(findings.values()) else 0


@dataclass
class Harness:
    """A store, its grids, and what is done to them.

    Attributes:
        folder: where all files go.
        seed: of every choice of moment and victim.
        wave: trials of one grid.
        kinds: what may happen, by name; the more often listed, the more often done.
        dataset: of the trials.
    """

    folder: Path
    seed: int
    wave: int = 24
    kinds: tuple[str, ...] = (*DISTURBANCES, "worker", "driver")
    dataset: str = "digits_table"
    done: Counter[str] = field(default_factory=Counter)
    waves: list[Path] = field(default_factory=list)
    starts: int = 0

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.rng = random.Random(self.seed)  # noqa: S311 - chance, not secrecy
        self.disturbances: dict[str, Disturbance] = dict(DISTURBANCES)
        self.uri = f"sqlite:///{self.folder}/mlflow.db"
        self.environment = os.environ | {
            "INFLUENCE_CACHE": str(self.folder / "cache"),
            "INFLUENCE_SPOOL": str(self.folder / "spool"),
            "PYTHONPATH": str(PROJECT),
            "TMPDIR": str(self.temporary),
            "RAY_TMPDIR": gettempdir(),  # paths of sockets must be short
        }
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # imports would take twice as long

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        """The runs go to a server, which is one more part to lose."""
        server = TrackingServer(self.folder, self.uri)
        with contextlib.ExitStack() as up:
            up.enter_context(server.up())

            def away(rng: random.Random, _: psutil.Process) -> bool:
                up.close()
                time.sleep(rng.choice(AWAY))
                up.enter_context(server.up())
                return True

            self.uri = server.uri
            self.disturbances["server"] = away
            self.kinds += ("server",) * len(self.kinds)  # every other time
            yield

    def may_fill_the_disk(self) -> None:
        """The folder is a disk of its own, which fills up and is emptied again."""
        self.disturbances["full disk"] = fill(self.folder)
        self.kinds += ("full disk",) * len(self.kinds)  # every other time

    def run(self, kills: int) -> None:
        """Disturb until ``kills`` are done, then let everything finish."""
        while sum(self.done.values()) < kills:
            wave = self._next_wave()
            while not self._is_finished(wave):
                assert self.starts < 2 * kills + SPARE, f"it does not get on; see {self.folder}"
                self._start_and_disturb(wave, kills)
        self._tidy_up()

    def _tidy_up(self) -> None:
        """Start the command once more, for all trials, behind the last that was killed."""
        everything = self.folder / "everything.toml"
        everything.write_text(f"include = {[wave.name for wave in self.waves]}\n")
        with self._started(everything) as driver:
            self._wait_for_end(driver)

    def _next_wave(self) -> Path:
        number = len(self.waves)
        seeds = list(range(number * self.wave, (number + 1) * self.wave))
        path = self.folder / f"wave{number}.toml"
        path.write_text(
            f'[[cells]]\ndataset = "{self.dataset}"\nmodel = "mlp"\nglitch = "uniform_noise"\n'
            f"seed = {seeds}\n"
        )
        self.waves.append(path)
        return path

    def _start_and_disturb(self, wave: Path, kills: int) -> None:
        """One start of the command, with disturbances until it ends."""
        with self._started(wave) as driver:
            while driver.poll() is None:
                if sum(self.done.values()) >= kills or not self._comes_to_a_moment(driver):
                    self._wait_for_end(driver)
                    return
                kind = self._next_kind()
                with contextlib.suppress(psutil.NoSuchProcess):
                    self.done[kind] += self.disturbances[kind](self.rng, psutil.Process(driver.pid))

    def _next_kind(self) -> str:
        return self.rng.choice(self.kinds)

    @contextlib.contextmanager
    def _started(self, grid: Path) -> Iterator[subprocess.Popen[bytes]]:
        self.starts += 1
        self.started_ms = now_ms()
        words = [sys.executable, "-m", "experiments.grid", "--grid", str(grid)]
        words += ["--tracking-uri", self.uri, "--experiment", EXPERIMENT, "--cpus", "2"]
        with (self.folder / f"start{self.starts}.log").open("wb") as out:
            driver = subprocess.Popen(
                words, cwd=PROJECT, env=self.environment, stdout=out, stderr=out
            )
        try:
            yield driver
        finally:
            if driver.poll() is None:
                driver.kill()
            driver.wait()

    def _comes_to_a_moment(self, driver: subprocess.Popen[bytes]) -> bool:
        """Wait until something is to happen: mostly some seconds after trials run, sometimes at
        any time from the start. Whether the driver is still there then."""
        if self.rng.random() < 0.25:
            time.sleep(self.rng.uniform(0.0, 20.0))
        else:
            if not self._runs_a_trial(driver):
                return False
            time.sleep(self.rng.uniform(0.0, 3.0))
        return driver.poll() is None

    def _runs_a_trial(self, driver: subprocess.Popen[bytes]) -> bool:
        """Wait until a trial of the present start runs; false if none ever does."""
        deadline = time.monotonic() + PATIENCE
        while self._running() < 2:  # the grid's own run is one
            if driver.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def _wait_for_end(self, driver: subprocess.Popen[bytes]) -> None:
        try:
            driver.wait(2 * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the grid hangs; see {self.folder}") from None

    def _running(self) -> int:
        """Runs of the present start that are RUNNING; asked past MLflow, whose server may be
        away."""
        with contextlib.suppress(sqlite3.OperationalError):
            path = self.folder / "mlflow.db"
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
                count = "SELECT count(*) FROM runs WHERE status = 'RUNNING' AND start_time >= ?"
                return int(store.execute(count, (self.started_ms,)).fetchone()[0])
        return 0

    def _is_finished(self, wave: Path) -> bool:
        finished = {run.data.tags[schema.SPEC_HASH] for run in self.runs("FINISHED")}
        return all(spec.spec_hash in finished for spec in load_grid(str(wave), None).specs)

    def runs(self, status: str) -> list[Run]:
        """Trials and grids of the disturbed store in this state; of FINISHED ones only trials."""
        experiment_id = find_experiment(self.uri, EXPERIMENT)
        if experiment_id is None:
            return []
        wanted = f"attributes.status = '{status}'"
        if status == "FINISHED":
            wanted += f" and tags.{schema.KIND} = '{schema.KIND_TRIAL}'"
        found = client(self.uri).search_runs(
            [experiment_id], wanted, ViewType.ACTIVE_ONLY, max_results=5000
        )
        return list(found)

    @property
    def specs(self) -> list[TrialSpec]:
        """All trials of all waves."""
        return [spec for wave in self.waves for spec in load_grid(str(wave), None).specs]

    def findings(self) -> dict[str, int]:
        """What is not as it should be; all zero if nothing was lost."""
        by_hash: dict[str, list[Run]] = {}
        for run in self.runs("FINISHED"):
            by_hash.setdefault(run.data.tags[schema.SPEC_HASH], []).append(run)
        uri, experiment_id = open_experiment(f"sqlite:///{self.folder}/calm.db", EXPERIMENT)
        tracker = Tracker(uri, experiment_id)
        worker = Worker(Job(tracker, TrialContext(None, self.folder / "calm-cache")))
        different = 0
        for spec in self.specs:
            calm = str(worker.run(Task(spec)).run_id)
            for run in by_hash.get(spec.spec_hash, []):
                different += _found(self.uri, run.info.run_id) != _found(uri, calm)
        return {
            "trials lost": sum(spec.spec_hash not in by_hash for spec in self.specs),
            "trials twice": sum(len(runs) > 1 for runs in by_hash.values()),
            "runs left RUNNING": len(self.runs("RUNNING")),
            "trials with other numbers or artifacts": different,
            "temporary files left": len(list(self.temporary.glob("influence-*"))),
        }

    def report(self, findings: dict[str, int]) -> str:
        """The figures, as a Markdown table."""
        rows = {
            "trials": self.wave * len(self.waves),
            "disturbances": sum(self.done.values()),
            **{f"of them {kind}": count for kind, count in sorted(self.done.items()) if count},
            "starts of the command": self.starts,
            **findings,
        }
        return "\n".join([f"| seed {self.seed} | |", "| --- | ---: |"]) + "".join(
            f"\n| {name} | {number} |" for name, number in rows.items()
        )


def _found(uri: str, run_id: str) -> tuple[dict[str, float], dict[str, str], list[str], str]:
    """All that a run holds which must not depend on what happened around it."""
    store = client(uri)
    data = store.get_run(run_id).data
    with TemporaryDirectory() as folder:
        path = store.download_artifacts(run_id, schema.SCORES_FILE, folder)
        scores = pd.read_parquet(path).to_csv()  # every digit
    return (
        {name: v for name, v in data.metrics.items() if not name.startswith(NOT_COMPARED)},
        {name: text for name, text in data.tags.items() if name.startswith(schema.CURVES)},
        sorted(file.path for file in store.list_artifacts(run_id)),
        scores,
    )


if __name__ == "__main__":
    sys.exit(main())
