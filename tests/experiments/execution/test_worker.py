import io
import logging
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import fake_trial
import pytest
from fake_trial import spec
from mlflow import MlflowClient
from mlflow.entities import Run

from experiments import schema
from experiments.execution.job import Job, Task
from experiments.execution.log_capture import TrialLog, captured
from experiments.execution.worker import Worker
from experiments.tracking.outbox import Outbox
from experiments.tracking.record import started
from experiments.tracking.tracker import client


def run_of(worker: Worker, run_id: str | None) -> Run:
    assert run_id is not None
    return client(worker.job.tracker.uri).get_run(run_id)


def artifact(worker: Worker, run_id: str | None, file: str, folder: Path) -> str:
    assert run_id is not None
    path = client(worker.job.tracker.uri).download_artifacts(run_id, file, str(folder))
    return Path(path).read_text()


def test_a_trial_is_run_and_logged(worker: Worker) -> None:
    outcome = worker.run(Task(spec(1)))
    assert outcome.ending == "finished"
    run = run_of(worker, outcome.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["grid"] == "toy"
    assert run.data.tags[schema.HOST]
    assert "torch" in run.data.tags[schema.VERSIONS]


def test_a_finished_trial_is_not_run_again(worker: Worker) -> None:
    first = worker.run(Task(spec(1)))
    second = worker.run(Task(spec(1)))
    assert second.ending == "skipped"
    assert second.run_id == first.run_id


def test_a_trial_that_raises_fails_alone_with_its_traceback(worker: Worker, tmp_path: Path) -> None:
    outcome = worker.run(Task(spec(fake_trial.FAILS)))
    assert (outcome.ending, outcome.error, outcome.own_fault) == ("failed", "the trial broke", True)
    assert run_of(worker, outcome.run_id).info.status == "FAILED"
    text = artifact(worker, outcome.run_id, schema.TRACEBACK_FILE, tmp_path)
    assert "_misbehave" in text
    assert "python -m experiments.trial --dataset wine" in text
    assert worker.run(Task(spec(1))).ending == "finished"


def test_a_full_disk_is_no_fault_of_the_trial(worker: Worker) -> None:
    outcome = worker.run(Task(spec(fake_trial.NO_ROOM)))
    assert (outcome.ending, outcome.own_fault) == ("failed", False)


@pytest.mark.filterwarnings("default:this is odd")
def test_warnings_and_steps_are_in_the_log_of_every_trial(worker: Worker, tmp_path: Path) -> None:
    for time_around in range(2):
        task = Task(spec(fake_trial.WARNS, ratio=0.1 + 0.1 * time_around))
        outcome = worker.run(task)
        folder = tmp_path / str(time_around)
        folder.mkdir()
        text = artifact(worker, outcome.run_id, schema.LOG_FILE, folder)
        assert "UserWarning: this is odd" in text
        assert "train: 0.002 s" in text


def test_log_records_are_captured_inside_the_block_only() -> None:
    log = TrialLog()
    with captured(log):
        logging.getLogger("x").warning("inside")
    logging.getLogger("x").debug("outside")
    assert "inside" in log.text()
    assert "outside" not in log.text()


@pytest.fixture
def store_away(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("refused")

    for method in ("search_runs", "create_run", "log_batch"):
        monkeypatch.setattr(MlflowClient, method, refuse)
    return monkeypatch


def test_what_cannot_be_logged_is_outboxed_and_logged_by_the_next_start(
    worker: Worker, store_away: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tracker = worker.job.tracker
    outcome = worker.run(Task(spec(1)))
    assert outcome.ending == "finished"
    assert outcome.parcel is not None
    assert worker.store_error is not None
    outbox = Outbox.of(tracker.uri, "study", tmp_path / "outbox")
    outbox.add(outcome.parcel)
    assert outbox.deliver(tracker) == 0
    store_away.undo()
    assert outbox.deliver(tracker) == 1
    assert outbox.parcels() == []
    (run,) = tracker.runs_of(spec(1).spec_hash)
    assert run.info.status == "FINISHED"
    listed = client(tracker.uri).list_artifacts
    assert {f.path for f in listed(run.info.run_id)} == {
        schema.SCORES_FILE,
        schema.PROFILE_FILE,
        schema.LOG_FILE,
        schema.CURVES_FILE,
        schema.SUSPECTS_FOLDER,
    }
    inside = listed(run.info.run_id, schema.SUSPECTS_FOLDER)
    assert [f.path for f in inside] == [f"{schema.SUSPECTS_FOLDER}/{schema.SUSPECTS_TABLE}"]


def test_a_outboxed_result_is_dropped_where_the_spec_is_finished(
    worker: Worker, store_away: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tracker = worker.job.tracker
    parcel = worker.run(Task(spec(1))).parcel
    assert parcel is not None
    store_away.undo()
    Worker(worker.job).run(Task(spec(1)))
    outbox = Outbox(tmp_path / "outbox")
    outbox.add(parcel)
    assert outbox.deliver(tracker) == 1
    assert len(tracker.runs_of(spec(1).spec_hash)) == 1


def test_a_parcel_cannot_name_a_path_outside(worker: Worker, tmp_path: Path) -> None:
    parcel = io.BytesIO()
    with zipfile.ZipFile(parcel, "w") as archive:
        archive.writestr("files/../../escaped", "x")
    outbox = Outbox(tmp_path / "outbox")
    outbox.add(parcel.getvalue())
    assert outbox.deliver(worker.job.tracker) == 0
    assert outbox.parcels() == []
    assert not list(tmp_path.rglob("escaped"))


def test_a_damaged_parcel_is_set_aside(worker: Worker, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    outbox.add(b"no archive")
    assert outbox.deliver(worker.job.tracker) == 0
    assert [path.suffix for path in outbox.folder.iterdir()] == [".damaged"]


def test_a_worker_that_takes_over_closes_the_run_of_the_one_that_died(worker: Worker) -> None:
    tracker = worker.job.tracker
    parent = client(tracker.uri).create_run(tracker.experiment_id).info.run_id
    below = Worker(replace(worker.job, tracker=tracker.under(parent)))
    first = below.job.tracker.start(started(spec(1), below.job.context, {}))
    assert below.run(Task(spec(1))).ending == "finished"
    assert run_of(worker, first).info.status == "KILLED"


def test_a_hanging_trial_is_failed_and_its_process_ends(job: Job) -> None:
    worker = Worker(replace(job, time_limit=0.5))
    child = os.fork()
    if child == 0:
        worker.run(Task(spec(fake_trial.HANGS)))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    (run,) = job.tracker.runs_of(spec(fake_trial.HANGS).spec_hash)
    assert run.info.status == "FAILED"
    assert run.data.tags[schema.ERROR] == "took longer than its limit of 0.5 s"
    assert run.data.tags[schema.FAULT] == schema.FAULT_OWN
