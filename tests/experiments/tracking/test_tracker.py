import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import fake_trial
import numpy as np
import pandas as pd
import pytest
import sqlalchemy
from fake_trial import made_up, spec
from mlflow import MlflowClient
from mlflow.store.tracking.dbmodels.models import SqlDataset
from sqlalchemy.orm import Session

from experiments import schema
from experiments.tracking.process import Owner
from experiments.tracking.queries import close_orphans, finished_runs
from experiments.tracking.record import (
    RunRecord,
    finished,
    repeat_command,
    started,
    write_artifacts,
)
from experiments.tracking.tracker import Tracker, client
from experiments.training.context import TrialContext
from influence.profile import Profile


def record_of(seed: int) -> tuple[RunRecord, RunRecord]:
    before = started(spec(seed), TrialContext(None), {schema.CODE_VERSION: "v"})
    return before, finished(before, made_up(spec(seed)), 1.5)


def logged(tracker: Tracker, folder: Path, seed: int = 0, replaces: tuple[str, ...] = ()) -> str:
    before, after = record_of(seed)
    folder.mkdir(exist_ok=True)
    write_artifacts(made_up(spec(seed)), folder)
    run_id = tracker.start(before)
    tracker.finish(run_id, after, folder, replaces)
    return run_id


@pytest.fixture
def mlflow_client(tracker: Tracker) -> MlflowClient:
    return client(tracker.uri)


def test_a_finished_run_holds_everything(
    tracker: Tracker, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    run = mlflow_client.get_run(logged(tracker, tmp_path / "files"))
    result = made_up(spec(0))
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "wine/mlp/uniform_noise@0.1#0"
    assert run.data.params["learning_rate"] == str(spec(0).learning_rate)
    assert set(run.data.params) == set(spec(0).__dataclass_fields__)
    assert run.data.metrics["f1/self_influence"] == result.metrics["f1/self_influence"]
    assert run.data.metrics["seconds/total"] == 1.5
    assert run.data.tags[schema.SPEC_HASH] == spec(0).spec_hash
    assert json.loads(run.data.tags[schema.SPEC])["dataset"] == "wine"
    assert run.data.tags[schema.DATASET_DIGEST] == result.dataset.digest
    history = mlflow_client.get_metric_history(run.info.run_id, "epoch_f1/self_influence")
    assert [point.step for point in history] == [1, 2, 3]
    assert [p.value for p in history] == result.epoch_metrics["epoch_f1/self_influence"]
    assert run.inputs is not None
    assert run.inputs.dataset_inputs[0].dataset.name == "wine"


def test_artifacts_open(tracker: Tracker, mlflow_client: MlflowClient, tmp_path: Path) -> None:
    run_id = logged(tracker, tmp_path / "files")
    stored = Path(mlflow_client.download_artifacts(run_id, "", str(tmp_path)))
    result = made_up(spec(0))
    pd.testing.assert_frame_equal(pd.read_parquet(stored / schema.SCORES_FILE), result.scores)
    profile = Profile.load(stored / schema.PROFILE_FILE)
    np.testing.assert_array_equal(profile.self_influence, result.profile.self_influence)


def test_artifacts_lie_beside_the_database(tracker: Tracker, tmp_path: Path) -> None:
    logged(tracker, tmp_path / "files")
    assert list((tmp_path / "mlartifacts").rglob(schema.SCORES_FILE))


def test_a_spec_is_finished_once(
    tracker: Tracker, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    first, second = (logged(tracker, tmp_path / "files") for _ in range(2))
    assert mlflow_client.get_run(first).info.status == "FINISHED"
    assert mlflow_client.get_run(second).info.status == "KILLED"


def test_a_run_replaces_another_version(
    tracker: Tracker, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    first = logged(tracker, tmp_path / "files")
    second = logged(tracker, tmp_path / "files", replaces=(first,))
    assert mlflow_client.get_run(second).info.status == "FINISHED"
    assert mlflow_client.get_run(first).info.lifecycle_stage == "deleted"


def test_a_run_that_was_taken_away_is_not_finished(
    tracker: Tracker, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    before, after = record_of(0)
    run_id = tracker.start(before)
    mlflow_client.set_terminated(run_id, "KILLED")
    tmp_path.joinpath("files").mkdir()
    assert tracker.finish(run_id, after, tmp_path / "files") == "KILLED"


def test_finishing_twice_changes_nothing(
    tracker: Tracker, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    run_id = logged(tracker, tmp_path / "files")
    before = mlflow_client.get_run(run_id)
    tracker.finish(run_id, record_of(0)[1], tmp_path / "files")
    after = mlflow_client.get_run(run_id)
    assert after.info.status == "FINISHED"
    assert after.data.metrics == before.data.metrics


def test_a_run_is_not_finished_before_its_artifacts_are_stored(
    tracker: Tracker,
    mlflow_client: MlflowClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(MlflowClient, "log_artifacts", refuse)
    with pytest.raises(Exception, match="No space left"):
        logged(tracker, tmp_path / "files")
    (run,) = mlflow_client.search_runs([tracker.experiment_id])
    assert run.info.status == "RUNNING"


def test_two_runs_may_log_a_new_dataset_at_once(
    tracker: Tracker, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """The other run comes between MLflow's look for the dataset and its writing of it."""
    other: list[str] = []

    def interfere(session: Session, *_: object) -> None:
        if not other and any(isinstance(row, SqlDataset) for row in session.new):
            other.append("begun")
            other.append(logged(tracker, tmp_path / "other", seed=1))

    with listening(Session, "before_flush", interfere):
        run_id = logged(tracker, tmp_path / "files")
    for each in (run_id, other[1]):
        run = mlflow_client.get_run(each)
        assert run.info.status == "FINISHED"
        assert run.inputs is not None
        assert [used.dataset.name for used in run.inputs.dataset_inputs] == ["wine"]


@contextmanager
def listening(target: object, event: str, action: Callable[..., None]) -> Iterator[None]:
    sqlalchemy.event.listen(target, event, action)
    try:
        yield
    finally:
        sqlalchemy.event.remove(target, event, action)


def test_finished_runs_are_found_by_spec(tracker: Tracker, tmp_path: Path) -> None:
    logged(tracker, tmp_path / "files", seed=1)
    tracker.start(record_of(2)[0])
    (found,) = finished_runs(tracker)
    assert found.spec_hash == spec(1).spec_hash
    assert (found.dataset, found.model, found.code_version) == ("wine", "mlp", "v")
    assert (found.seconds, found.peak_rss_mib) == (1.5, 100.0)


def test_runs_of_dead_processes_are_closed_and_of_living_ones_not(
    tracker: Tracker, mlflow_client: MlflowClient
) -> None:
    dead = Owner(Owner.here().host, 2**22 + 1, "never").to_json()
    alive = Owner.here().to_json()
    expected: dict[str, str] = {}
    for owner, status in ((dead, "KILLED"), (alive, "RUNNING")):
        tags = {schema.KIND: schema.KIND_GRID, schema.OWNER: owner}
        parent = mlflow_client.create_run(tracker.experiment_id, tags=tags).info.run_id
        child = tracker.under(parent).start(record_of(0)[0])
        expected |= {parent: status, child: status}
    foreign = mlflow_client.create_run(tracker.experiment_id).info.run_id
    close_orphans(tracker)
    for run_id, status in (expected | {foreign: "RUNNING"}).items():
        assert mlflow_client.get_run(run_id).info.status == status


def test_a_child_whose_grid_has_ended_is_closed(
    tracker: Tracker, mlflow_client: MlflowClient
) -> None:
    tags = {schema.KIND: schema.KIND_GRID, schema.OWNER: Owner.here().to_json()}
    parent = mlflow_client.create_run(tracker.experiment_id, tags=tags).info.run_id
    child = tracker.under(parent).start(record_of(0)[0])
    mlflow_client.set_terminated(parent, "FAILED")
    close_orphans(tracker)
    assert mlflow_client.get_run(child).info.status == "KILLED"


@pytest.mark.parametrize("owner", ["", "nobody", "[]", '{"host": "here"}'])
def test_a_run_whose_owner_cannot_be_read_stays_and_blocks_nothing(
    tracker: Tracker, mlflow_client: MlflowClient, owner: str, caplog: pytest.LogCaptureFixture
) -> None:
    tags = {schema.KIND: schema.KIND_GRID, schema.OWNER: owner}
    damaged = mlflow_client.create_run(tracker.experiment_id, tags=tags).info.run_id
    tags = {schema.KIND: schema.KIND_GRID}
    orphan = mlflow_client.create_run(tracker.experiment_id, tags=tags).info.run_id
    assert len(close_orphans(tracker)) == 1
    assert mlflow_client.get_run(damaged).info.status == "RUNNING"
    assert mlflow_client.get_run(orphan).info.status == "KILLED"
    assert damaged in caplog.text


def test_a_damaged_heartbeat_blocks_nothing(tracker: Tracker, mlflow_client: MlflowClient) -> None:
    tags = {
        schema.KIND: schema.KIND_GRID,
        schema.OWNER: Owner("elsewhere", 1, "once").to_json(),
        schema.HEARTBEAT: "now",
    }
    mlflow_client.create_run(tracker.experiment_id, tags=tags)
    assert close_orphans(tracker) == []


def test_a_run_whose_parent_does_not_exist_is_closed(
    tracker: Tracker, mlflow_client: MlflowClient
) -> None:
    child = tracker.under("0" * 32).start(record_of(0)[0])
    close_orphans(tracker)
    assert mlflow_client.get_run(child).info.status == "KILLED"


def test_a_damaged_parameter_blocks_nothing(tracker: Tracker, mlflow_client: MlflowClient) -> None:
    tags = {schema.KIND: schema.KIND_TRIAL, schema.SPEC_HASH: "x"}
    run_id = mlflow_client.create_run(tracker.experiment_id, tags=tags).info.run_id
    mlflow_client.log_param(run_id, "subset", "much")
    mlflow_client.set_terminated(run_id)
    (found,) = finished_runs(tracker)
    assert np.isnan(found.subset)


def test_a_record_survives_json() -> None:
    record = record_of(0)[1]
    assert RunRecord.from_json(record.to_json()) == record


def test_the_repeat_command_gives_every_option_that_is_not_at_its_default() -> None:
    command = repeat_command(spec(3, learning_rate=0.5), Path("/data"))
    parser = shlex.split(command)
    given = dict(zip(parser[3::2], parser[4::2], strict=True))
    assert parser[:3] == ["python", "-m", "experiments.trial"]
    assert given["--dataset"] == "wine"
    assert given["--learning-rate"] == "0.5"
    assert given["--data-root"] == "/data"
    assert "--ratio" not in given  # its default
    options = {k[2:].replace("-", "_"): v for k, v in given.items() if k != "--data-root"}
    assert {k: str(v) for k, v in asdict(spec(3, learning_rate=0.5)).items() if k in options} == (
        options
    )


def test_fake_results_depend_on_the_spec_alone() -> None:
    assert made_up(spec(1)).metrics == made_up(spec(1)).metrics != made_up(spec(2)).metrics
    assert len(made_up(spec(1)).scores) == fake_trial.N
