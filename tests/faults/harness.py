"""Kills the parts of a running grid at random moments, and looks whether anything was lost.

    python tests/faults/harness.py --kills 24 --seed 0

Grids of real trials on bundled data are run by the real command. Workers, the driver, Ray's head
and its node are killed, the driver is interrupted, everything is frozen for a while. Each time the
same command is started again, until all trials are finished. Then every trial must be FINISHED
exactly once, no run may be left RUNNING, and every number and every score must be, bit for bit,
that of the same trials run one after another without any disturbance.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import psutil
from mlflow.entities import Run, ViewType

from experiments import names
from experiments.context import TrialContext
from experiments.grid import load_grid
from experiments.tracking import Tracker, client
from experiments.tracking_store import find_experiment, open_experiment
from experiments.worker import Job, Task, Worker

PROJECT = Path(__file__).resolve().parents[2]
WAVE = 24
EXPERIMENT = "faults"
PATIENCE = 300.0
NOT_COMPARED = (f"{names.SECONDS}/", names.PEAK_RSS)


def main() -> int:
    """Run the harness and print its figures as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="influence-faults-") as scratch:
        harness = Harness(options.folder or Path(scratch), options.seed)
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
        kinds: names of the disturbances to choose from.
    """

    folder: Path
    seed: int
    kinds: tuple[str, ...] = ("worker", "worker", "driver", "head", "node", "interrupt", "freeze")
    done: Counter[str] = field(default_factory=Counter)
    waves: list[Path] = field(default_factory=list)
    starts: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rng = random.Random(self.seed)  # noqa: S311 - chance, not secrecy
        self.uri = f"sqlite:///{self.folder}/mlflow.db"
        self.environment = os.environ | {
            "INFLUENCE_CACHE": str(self.folder / "cache"),
            "INFLUENCE_SPOOL": str(self.folder / "spool"),
            "PYTHONPATH": str(PROJECT),
        }

    def run(self, kills: int) -> None:
        """Disturb until ``kills`` are done, then let everything finish."""
        while sum(self.done.values()) < kills:
            wave = self._next_wave()
            while not self._is_finished(wave):
                self._start_and_disturb(wave, kills)

    def _next_wave(self) -> Path:
        number = len(self.waves)
        seeds = list(range(number * WAVE, (number + 1) * WAVE))
        path = self.folder / f"wave{number}.toml"
        path.write_text(
            f'[[cells]]\ndataset = "digits_table"\nmodel = "mlp"\nglitch = "uniform_noise"\n'
            f"seed = {seeds}\n"
        )
        self.waves.append(path)
        return path

    def _start_and_disturb(self, wave: Path, kills: int) -> None:
        """One start of the command, with disturbances until it ends."""
        self.starts += 1
        with self._started(wave) as driver:
            while driver.poll() is None:
                if sum(self.done.values()) >= kills or not self._wait_for_trials(driver):
                    self._wait_for_end(driver)
                    return
                time.sleep(self.rng.uniform(0.0, 3.0))
                kind = self.rng.choice(self.kinds)
                if DISTURBANCES[kind](self, psutil.Process(driver.pid)):
                    self.done[kind] += 1

    @contextlib.contextmanager
    def _started(self, wave: Path) -> Iterator[subprocess.Popen[bytes]]:
        words = [sys.executable, "-m", "experiments.grid", "--grid", str(wave)]
        words += ["--tracking-uri", self.uri, "--experiment", EXPERIMENT, "--cpus", "2"]
        log = self.folder / f"start{self.starts}.log"
        with log.open("wb") as out:
            driver = subprocess.Popen(
                words, cwd=PROJECT, env=self.environment, stdout=out, stderr=out
            )
        try:
            yield driver
        finally:
            tree = _tree(driver.pid)
            if driver.poll() is None:
                driver.kill()
            driver.wait()
            for process in tree:  # what a killed driver leaves behind ends by itself, but later
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()

    def _wait_for_trials(self, driver: subprocess.Popen[bytes]) -> bool:
        """Wait until trials run; whether they do."""
        before = self._count("status = 'FINISHED'")
        deadline = time.monotonic() + PATIENCE
        while driver.poll() is None and time.monotonic() < deadline:
            running = self._count("status = 'RUNNING'") > 1  # beside the grid's own run
            if running and self._count("status = 'FINISHED'") >= before:
                return True
            time.sleep(0.2)
        return False

    def _wait_for_end(self, driver: subprocess.Popen[bytes]) -> None:
        try:
            driver.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the grid hangs; see {self.folder}") from None

    def _count(self, condition: str) -> int:
        try:
            path = self.folder / "mlflow.db"
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
                query = f"SELECT count(*) FROM runs WHERE {condition}"  # noqa: S608 - ours
                return int(store.execute(query).fetchone()[0])
        except sqlite3.OperationalError:
            return 0

    def _is_finished(self, wave: Path) -> bool:
        finished = Counter(run.data.tags[names.SPEC_HASH] for run in self.runs("FINISHED"))
        return all(finished[spec.spec_hash] for spec in load_grid(str(wave)).specs)

    def runs(self, status: str) -> list[Run]:
        """Trials of the disturbed store in this state."""
        experiment_id = find_experiment(self.uri, EXPERIMENT)
        if experiment_id is None:
            return []
        wanted = f"tags.{names.KIND} = '{names.KIND_TRIAL}' and attributes.status = '{status}'"
        found = client(self.uri).search_runs(
            [experiment_id], wanted, ViewType.ACTIVE_ONLY, max_results=5000
        )
        return list(found)

    def findings(self) -> dict[str, int]:
        """What is not as it should be; all zero if nothing was lost."""
        specs = [spec for wave in self.waves for spec in load_grid(str(wave)).specs]
        by_hash: dict[str, list[Run]] = {}
        for run in self.runs("FINISHED"):
            by_hash.setdefault(run.data.tags[names.SPEC_HASH], []).append(run)
        uri, experiment_id = open_experiment(f"sqlite:///{self.folder}/calm.db", EXPERIMENT)
        worker = Worker(
            Job(Tracker(uri, experiment_id), TrialContext(None, self.folder / "calm-cache"))
        )
        different = 0
        for spec in specs:
            calm = worker.run(Task(spec)).run_id
            for run in by_hash.get(spec.spec_hash, []):
                different += not self._same(run, str(calm), uri)
        return {
            "trials lost": sum(spec.spec_hash not in by_hash for spec in specs),
            "trials twice": sum(len(runs) > 1 for runs in by_hash.values()),
            "runs left RUNNING": len(self.runs("RUNNING")),
            "trials with other numbers": different,
        }

    def _same(self, run: Run, calm_id: str, calm_uri: str) -> bool:
        calm = client(calm_uri).get_run(calm_id)
        curves = [tag for tag in calm.data.tags if tag.startswith(names.CURVES)]
        return (
            _compared(run) == _compared(calm)
            and all(run.data.tags.get(tag) == calm.data.tags[tag] for tag in curves)
            and _scores(self.uri, run.info.run_id).equals(_scores(calm_uri, calm_id))
        )

    def report(self, findings: dict[str, int]) -> str:
        """The figures, as a Markdown table."""
        trials = WAVE * len(self.waves)
        rows = {
            "seed": self.seed,
            "trials": trials,
            "disturbances": sum(self.done.values()),
            **{f"of them {kind}": count for kind, count in sorted(self.done.items())},
            "starts of the command": self.starts,
            **findings,
        }
        return "\n".join(["| what | number |", "| --- | ---: |"]) + "".join(
            f"\n| {name} | {number} |" for name, number in rows.items()
        )


def _tree(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _kill_one(part: str) -> Callable[[Harness, psutil.Process], bool]:
    """Kill a process of the driver's tree whose command line holds ``part``."""

    def kill(harness: Harness, driver: psutil.Process) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            found = [
                p for p in driver.children(recursive=True) if part in " ".join(p.cmdline()[:1])
            ]
            if found:
                harness.rng.choice(sorted(found, key=lambda p: p.pid)).kill()
                return True
        return False

    return kill


def _kill_driver(_: Harness, driver: psutil.Process) -> bool:
    driver.kill()
    driver.wait()
    return True


def _interrupt(harness: Harness, driver: psutil.Process) -> bool:
    """Ctrl-C once or twice."""
    for _ in range(harness.rng.choice((1, 2))):
        driver.send_signal(signal.SIGINT)
        time.sleep(0.5)
    with contextlib.suppress(psutil.TimeoutExpired):
        driver.wait(PATIENCE)
    return True


def _freeze(harness: Harness, driver: psutil.Process) -> bool:
    """Stop every process for some seconds, as a laptop does that falls asleep."""
    with contextlib.suppress(psutil.NoSuchProcess):
        tree = [driver, *driver.children(recursive=True)]
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        time.sleep(harness.rng.uniform(2.0, 15.0))
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
        return True
    return False


DISTURBANCES: dict[str, Callable[[Harness, psutil.Process], bool]] = {
    "worker": _kill_one("ray::"),
    "driver": _kill_driver,
    "head": _kill_one("gcs_server"),
    "node": _kill_one("raylet/raylet"),
    "interrupt": _interrupt,
    "freeze": _freeze,
}


def _compared(run: Run) -> dict[str, float]:
    metrics = run.data.metrics
    return {name: value for name, value in metrics.items() if not name.startswith(NOT_COMPARED)}


def _scores(uri: str, run_id: str) -> pd.DataFrame:
    with TemporaryDirectory(prefix="influence-faults-") as folder:
        path = client(uri).download_artifacts(run_id, names.SCORES_FILE, folder)
        return pd.read_parquet(path)


if __name__ == "__main__":
    sys.exit(main())
