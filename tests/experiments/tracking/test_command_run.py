"""The run of an audit or a repair: owned by its process, FINISHED only with its results."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from common.errors import UserError
from experiments import schema
from experiments.tracking.command_run import KIND_AUDIT, CommandRun, command_run
from experiments.tracking.queries import close_orphans
from experiments.tracking.store import open_experiment
from experiments.tracking.tracker import Tracker, client

PARAMS = {"data": "x.csv", "label": "y"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.tracking.command_run.PATIENCE", 0.0)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    folder.joinpath("suspicions.csv").write_text("row\n1\n")
    return folder


def stored(run: CommandRun) -> Run:
    return client(run.tracker.uri).get_run(run.run_id)


def lose_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("refused")

    for method in ("log_batch", "log_artifacts", "set_terminated"):
        monkeypatch.setattr(MlflowClient, method, refuse)


def fail_without_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    lose_the_store(monkeypatch)
    _ = 1 / 0


def test_a_run_is_finished_when_its_results_are_logged(
    store_uri: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with command_run(store_uri, "study", "audit of x", KIND_AUDIT, PARAMS) as run:
        assert stored(run).info.status == "RUNNING"
        run.log({"flagged": 3.0}, results)
    found = stored(run)
    assert found.info.status == "FINISHED"
    assert found.data.metrics == {"flagged": 3.0}
    assert found.data.tags["audit.data"] == found.data.params["data"] == "x.csv"
    files = client(run.tracker.uri).list_artifacts(run.run_id)
    assert [file.path for file in files] == ["suspicions.csv"]
    assert run.exit_status() == 0
    assert capsys.readouterr().err == ""


def test_an_error_leaves_the_run_failed_and_is_raised(store_uri: str) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        command_run(store_uri, "study", "audit of x", KIND_AUDIT, PARAMS) as run,
    ):
        _ = 1 / 0
    assert stored(run).info.status == "FAILED"


def test_a_store_that_goes_away_is_one_line_and_a_failure(
    store_uri: str,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with command_run(store_uri, "study", "audit of x", KIND_AUDIT, PARAMS) as run:
        lose_the_store(monkeypatch)
        run.log({"flagged": 3.0}, results)
    assert run.exit_status() == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "refused" in said


def test_an_error_is_not_hidden_by_a_store_that_has_gone_away(
    store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.tracking.command_run.LAST_PATIENCE", 0.0)
    with (
        pytest.raises(ZeroDivisionError),
        command_run(store_uri, "study", "audit of x", KIND_AUDIT, PARAMS),
    ):
        fail_without_a_store(monkeypatch)


def test_a_store_that_fails_before_the_work_is_bad_input(
    store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_experiment(store_uri, "study")
    lose_the_store(monkeypatch)
    with (
        pytest.raises(UserError, match="refused"),
        command_run(store_uri, "study", "audit of x", KIND_AUDIT, PARAMS),
    ):
        raise AssertionError("the work started")


def test_a_live_run_is_not_closed_by_others(store_uri: str) -> None:
    with command_run(store_uri, "study", "audit of x", KIND_AUDIT, PARAMS) as run:
        assert schema.HEARTBEAT in stored(run).data.tags
        assert close_orphans(Tracker(run.tracker.uri, run.tracker.experiment_id)) == []
        assert stored(run).info.status == "RUNNING"
