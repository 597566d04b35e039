"""The command lines, in this process and without Ray."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from mlflow.entities import Run

from experiments import schema
from experiments.commands.grid import main as grid
from experiments.commands.trial import main as trial
from experiments.grid.definition import load_grid
from experiments.grid.preflight import preflight
from experiments.tracking.store import find_experiment
from experiments.tracking.tracker import client
from experiments.training.context import TrialContext

WINE = ["--dataset", "wine", "--model", "mlp", "--glitch", "uniform_noise", "--epochs", "2"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INFLUENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("INFLUENCE_SPOOL", str(tmp_path / "spool"))
    for variable in ("INFLUENCE_DATA_ROOT", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def store(store_uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store_uri)
    return store_uri


def runs(uri: str, experiment: str = "Default") -> list[Run]:
    experiment_id = find_experiment(uri, experiment)
    assert experiment_id is not None
    return list(client(uri).search_runs([experiment_id]))


def test_a_trial_prints_its_scores_and_is_one_run(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trial(WINE) == 0
    said = capsys.readouterr().out
    (run,) = runs(store)
    assert run.info.status == "FINISHED"
    assert run.info.run_id in said
    shown = re.search(r"self_influence\W+([\d.]+)", said)
    assert shown is not None
    assert float(shown[1]) == round(run.data.metrics["f1/self_influence"], 3)


def test_a_finished_trial_is_shown_and_only_run_again_if_asked(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in ([], [], ["--again"]):
        assert trial([*WINE, *more]) == 0
    assert capsys.readouterr().out.count("finished before") == 1
    (run,) = runs(store)
    assert run.info.status == "FINISHED"


def test_a_trial_repeated_from_its_run_gives_the_same_scores(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trial(WINE)
    (run,) = runs(store)
    assert trial(["--from-run", run.info.run_id]) == 0
    assert f"identical to run {run.info.run_id}" in capsys.readouterr().out
    assert len(runs(store)) == 1


def test_a_repeat_that_differs_says_in_what(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    trial(WINE)
    (run,) = runs(store)
    spec = json.loads(run.data.tags[schema.SPEC]) | {"seed": 1}
    client(store).set_tag(run.info.run_id, schema.SPEC, json.dumps(spec))
    client(store).set_tag(run.info.run_id, schema.CODE_VERSION, "then")
    assert trial(["--from-run", run.info.run_id]) == 1
    said = capsys.readouterr().out
    assert "differs from run" in said
    assert "code then: then" in said


def test_a_diverged_training_is_one_line_and_leaves_nothing_running(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trial([*WINE, "--learning-rate", "1e30"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    (run,) = runs(store)
    assert run.info.status == "FAILED"


@pytest.mark.parametrize("damage", ["columns", "rows", "folder", "text"])
def test_scores_of_a_run_that_lack_something_are_not_identical(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    trial(WINE)
    (run,) = runs(store)
    scores = Path(run.info.artifact_uri.removeprefix("file://")) / schema.SCORES_FILE
    table = pd.read_parquet(scores)
    scores.unlink()
    match damage:
        case "columns":
            table[["is_glitch"]].to_parquet(scores)
        case "rows":
            table[:7].to_parquet(scores)
        case "folder":
            scores.mkdir()
        case "text":
            scores.write_text("scores")
    capsys.readouterr()
    assert trial(["--from-run", run.info.run_id]) == (2 if damage in {"folder", "text"} else 1)
    said = capsys.readouterr()
    assert "identical" not in said.out
    expected = {"columns": "lacks columns: ", "rows": "has 7 rows instead of", "folder": "cannot"}
    assert expected.get(damage, "cannot be read") in said.out + said.err
    assert said.err.count("\n") <= 1


def test_an_unknown_run_cannot_be_repeated(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert trial(["--from-run", "0123"]) == 2
    assert "no run '0123'" in capsys.readouterr().err


def test_a_trial_within_mlflow_run_lies_below_its_run(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = client(store).create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", launch)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    assert trial(WINE) == 0
    (child,) = (run for run in runs(store) if run.info.run_id != launch)
    assert child.data.tags[schema.PARENT] == launch
    assert client(store).get_run(launch).data.params == {}


def test_a_run_of_mlflow_run_elsewhere_says_where_the_runs_are(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = client(store).create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", launch)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    assert trial([*WINE, "--experiment", "study"]) == 0
    note = client(store).get_run(launch).data.tags["mlflow.note.content"]
    assert "experiment `study`" in note
    assert len(runs(store, "study")) == 1


@pytest.mark.parametrize("rooted", [False, True])
def test_without_a_grid_that_one_runs_which_the_machine_can_run(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], rooted: bool
) -> None:
    root = tmp_path / "data"
    root.mkdir()
    assert grid(["--dry-run", *(["--data-root", str(root)] if rooted else [])]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert ("'offline' runs" if rooted else "'embedded' runs") in first
    assert ("there is no data at './jannis'" in "\n".join(rest)) is rooted


def test_a_dry_run_lists_everything_and_creates_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = f"sqlite:///{tmp_path}/none.db"
    assert grid(["--grid", "quick", "--dry-run", "--tracking-uri", uri]) == 0
    said = capsys.readouterr().out
    for spec in load_grid("quick", None).specs:
        assert spec.name in said
    assert "6 trials, 0 finished, 6 to run" in said
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_knows_what_is_finished(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial(WINE)
    capsys.readouterr()
    file = tmp_path / "toy.toml"
    file.write_text(
        '[[cells]]\ndataset = "wine"\nmodel = "mlp"\nglitch = "uniform_noise"\n'
        "epochs = 2\nseed = [0, 1]\n"
    )
    assert grid(["--grid", str(file), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"#0 +finished", said)
    assert re.search(r"#1 +to run, about \d+ s", said)
    assert "measured on earlier runs" in said


def test_what_is_missing_is_said_in_one_message(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "toy.toml"
    file.write_text(
        '[[cells]]\ndataset = ["covertype", "wine"]\nmodel = "mlp"\nglitch = "uniform_noise"\n'
        '[[cells]]\ndataset = "mnist"\nmodel = "resnet20"\nglitch = "far_clustered_anomalies"\n'
    )
    root = tmp_path / "data"
    root.mkdir()
    assert grid(["--grid", str(file), "--data-root", str(root)]) == 2
    said = capsys.readouterr().err
    assert "2 of 3 trials lack files" in said
    for part in (
        "train-images-idx3-ubyte",
        "FashionMNIST",
        f"{root}/weights/resnet20",
        "covertype",
    ):
        assert part in said
    assert "wine/mlp/uniform_noise: 1" in said
    assert runs(store) == []


def test_preflight_sorts_trials_by_what_they_lack() -> None:
    grid = load_grid("figure2", None)
    found = preflight(grid, TrialContext(None, Path()))
    assert found.ready == []
    assert len(found.lacking) == len(grid.specs)
