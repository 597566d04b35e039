"""Trials on Ray: each test shares one small cluster's worth of patience, so they are few."""

import os
import signal
import tempfile
from collections import Counter
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import fake_trial
import psutil
import pytest
from fake_trial import spec

from common.errors import UserError
from experiments.execution.cluster import STARTS, cluster
from experiments.execution.job import Job, Task
from experiments.execution.outcome import Observer, Outcome
from experiments.execution.pool import Pool
from experiments.execution.ray_executor import execute, resources
from experiments.tracking.process import Owner
from experiments.tracking.queries import finished_runs
from experiments.tracking.tracker import client

TWO = Pool(cpus=2, attempts=2)
PATIENCE = 30.0


class Watcher:
    """Remembers what an executor tells."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[Outcome]] = {}
        self.began: list[int] = []
        self.notes: list[str] = []

    @property
    def observer(self) -> Observer:
        return Observer(self.began.append, self._ended, self.notes.append)

    def _ended(self, outcome: Outcome) -> None:
        self.outcomes.setdefault(outcome.spec_hash, []).append(outcome)

    def of(self, seed: int) -> Outcome:
        (outcome,) = self.outcomes[spec(seed).spec_hash]
        return outcome


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def job(job: Job) -> Job:
    """With some patience: several processes write to the store."""
    return replace(job, tracker=replace(job.tracker, patience=PATIENCE))


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes find the fake trial."""
    monkeypatch.setenv("PYTHONPATH", str(Path(fake_trial.__file__).parent))


@pytest.fixture(autouse=True)
def long_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Temporary files go where the names of Ray's sockets would be too long."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_trials_that_share_a_gpu_ask_for_a_part_of_it(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.training.context._check_device", lambda device: None)
    on_cpu = resources(Task(spec(0)), job)
    on_gpu = resources(
        Task(spec(0)),
        replace(job, context=replace(job.context, device="cuda", trials_per_gpu=4)),
    )
    assert on_cpu.bundles == [{"CPU": 1}]
    assert on_gpu.bundles == [{"CPU": 1, "GPU": 0.25}]


@pytest.mark.slow
def test_trials_that_work_fail_hang_and_die(job: Job, watcher: Watcher) -> None:
    bad = (
        fake_trial.FAILS,
        fake_trial.HANGS,
        fake_trial.DIES_ONCE,
        fake_trial.DIES,
        fake_trial.BAD_INPUT,
    )
    tasks = [Task(spec(seed), memory_mib=100.0) for seed in (*range(6), *bad)]
    parent = client(job.tracker.uri).create_run(job.tracker.experiment_id).info.run_id
    job = replace(job, tracker=job.tracker.under(parent), time_limit=3)
    with cluster(TWO, 1, job.tracker.uri):
        execute(tasks, job, TWO, watcher.observer)
        assert {loopback(address) for address in listened_on()} == {True}
        (session,) = own_directories()
        assert session.stat().st_mode & 0o777 == 0o700
    assert own_directories() == []
    for seed in (*range(6), fake_trial.DIES_ONCE):
        assert watcher.of(seed).ending == "finished", seed
    assert watcher.of(fake_trial.FAILS).error == "the trial broke"
    assert watcher.of(fake_trial.BAD_INPUT).error == "no class is eligible"
    assert watcher.of(fake_trial.HANGS).error == "took longer than its limit of 3 s"
    dead = watcher.of(fake_trial.DIES)
    assert (dead.ending, dead.own_fault) == ("failed", False)
    assert watcher.began.count(bad.index(fake_trial.DIES) + 6) == TWO.attempts
    tracker = job.tracker
    assert len(finished_runs(tracker)) == 7
    for seed in range(6):
        (run,) = tracker.runs_of(spec(seed).spec_hash)
        alone = fake_trial.made_up(spec(seed)).metrics
        assert {name: run.data.metrics[name] for name in alone} == alone


def own_directories() -> list[Path]:
    """Where Ray, as this process has started it, keeps its files: pytest's folders for temporary
    files have names that are too long for it."""
    files = Path("/tmp").glob("influence-*/owner.json")  # noqa: S108 - looks for private ones
    return [f.parent for f in files if Owner.from_json(f.read_text()) == Owner.here()]


def loopback(address: str) -> bool:
    """Whether only this machine reaches an address, also one of IPv4 in the form of IPv6."""
    parsed = ip_address(address)
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def listened_on() -> set[str]:
    """Addresses on which Ray, as this process has started it, takes connections."""
    return {
        connection.laddr.ip
        for process in (psutil.Process(), *psutil.Process().children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


class Interrupter(Watcher):
    """Presses Ctrl-C when the first trial begins."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    @property
    def observer(self) -> Observer:
        return replace(super().observer, started=self._started)

    def _started(self, number: int) -> None:
        self.began.append(number)
        for _ in range(self.times if len(self.began) == 1 else 0):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.slow
def test_interrupted_once_and_twice(
    job: Job, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(fake_trial.HOLD_VARIABLE, "1")
    tasks = [Task(spec(seed)) for seed in range(12)]
    once, twice = Interrupter(1), Interrupter(2)
    with cluster(TWO, 1, job.tracker.uri):
        for interrupter in (once, twice):
            execute(tasks, job, TWO, interrupter.observer)
    for interrupter in (once, twice):
        assert len(interrupter.outcomes) == len(tasks)
        assert {len(outcomes) for outcomes in interrupter.outcomes.values()} == {1}
    endings = Counter(once.of(seed).ending for seed in range(len(tasks)))
    assert 0 < endings["finished"] == len(once.began) <= 2
    assert endings["finished"] + endings["stopped"] == len(tasks)
    assert once.notes == ["finishing the running trials; Ctrl-C again stops at once"]
    assert {twice.of(seed).ending for seed in range(len(tasks))} == {"stopped"}
    assert twice.notes[-1] == "stopping now"  # the second Ctrl-C may cut the first note short
    assert "".join(capfd.readouterr()) == ""  # nothing of Ray's own


def test_ray_is_given_another_try_and_then_up(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def slow(**options: object) -> None:
        tries.append(options)
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr("ray.init", slow)
    with (
        pytest.raises(UserError, match="Ray does not start: The current node timed out"),
        cluster(TWO, 1, "sqlite:////none.db"),
    ):
        pass
    assert len(tries) == STARTS


@pytest.mark.parametrize(
    ("address", "message"),
    [("here", "must be host:port or auto"), ("127.0.0.1:1", "no Ray cluster answers")],
)
def test_a_cluster_that_is_not_there(address: str, message: str) -> None:
    with (
        pytest.raises(UserError, match=message),
        cluster(Pool(address=address), 1, "sqlite:////tmp/x.db"),
    ):
        pass
