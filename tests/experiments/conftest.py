from pathlib import Path

import pytest

from experiments.execution.job import Job
from experiments.execution.worker import Worker
from experiments.tracking.store import open_experiment
from experiments.tracking.tracker import Tracker
from experiments.training.context import TrialContext


@pytest.fixture(scope="session")
def template_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store; making one takes seconds, copying it does not."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    open_experiment(f"sqlite:///{path}", "template")
    return path


@pytest.fixture
def store_uri(template_store: Path, tmp_path: Path) -> str:
    path = tmp_path / "mlflow.db"
    path.write_bytes(template_store.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def tracker(store_uri: str) -> Tracker:
    uri, experiment_id = open_experiment(store_uri, "study")
    return Tracker(uri, experiment_id, tags={"grid": "toy"}, patience=0.0)


@pytest.fixture
def job(tracker: Tracker, tmp_path: Path) -> Job:
    return Job(tracker, TrialContext(None, tmp_path / "cache"), target="fake_trial:run_trial")


@pytest.fixture
def worker(job: Job) -> Worker:
    return Worker(job)
