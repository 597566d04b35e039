"""What is damaged in one run is reported, counted and skipped, and costs the other runs nothing."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from run_writer import Writer

from analysis import claims, evaluate, figures, report, tables
from analysis.reading import store as store_module
from analysis.reading.frames import UNREADABLE
from analysis.reading.selection import left_out_note, select
from analysis.reading.store import Store
from analysis.reading.stored import load_profile, load_scores
from common.errors import UserError
from experiments import schema

CELL: dict[str, Any] = {
    "dataset": "digits",
    "model": "resnet20",
    "glitch": "uniform_noise",
    "ratio": 0.1,
}

Damage = Callable[[Path], object]


def without(column: str) -> Damage:
    return lambda path: pd.read_parquet(path).drop(columns=column).to_parquet(path)


def with_values(column: str, value: Any) -> Damage:
    return lambda path: pd.read_parquet(path).assign(**{column: value}).to_parquet(path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def text(content: str) -> Damage:
    return lambda path: path.write_text(content, encoding="utf-8")


def file_of(writer: Writer, experiment: str, run: str, name: str) -> Path:
    return writer.artifacts / experiment / run / "artifacts" / name


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        empty,
        folder,
        text("PAR1"),
        without("is_glitch"),
        without("label"),
        with_values("is_glitch", "no"),
        with_values("self_influence", np.nan),
        with_values("self_influence", "high"),
        lambda path: pd.read_parquet(path).iloc[:0].to_parquet(path),
    ],
)
def test_damaged_scores(writer: Writer, damage: Damage) -> None:
    run = writer.trial(writer.experiment("e"), None, artifacts=True, seed=0, **CELL)
    damage(file_of(writer, "e", run, schema.SCORES_FILE))
    store = Store(writer.uri)
    assert load_scores(store, run) is None
    assert store.damaged == {schema.SCORES_FILE: {run}}


@pytest.mark.parametrize(
    "damage", [cut, empty, folder, text("PK"), lambda path: np.savez(path, positive=np.zeros(3))]
)
def test_damaged_profiles(writer: Writer, damage: Damage) -> None:
    run = writer.trial(writer.experiment("e"), None, artifacts=True, seed=0, **CELL)
    damage(file_of(writer, "e", run, schema.PROFILE_FILE))
    store = Store(writer.uri)
    assert load_profile(store, run) is None
    assert store.damaged == {schema.PROFILE_FILE: {run}}


@pytest.mark.parametrize("content", ["", "{", '{"a": 1}', "[1, 2]", "null"])
def test_a_grid_whose_list_of_trials_is_damaged_has_its_child_runs(
    writer: Writer, content: str
) -> None:
    experiment = writer.experiment("e")
    grid = writer.grid(experiment, "g", [])
    run = writer.trial(experiment, grid, seed=0, **CELL)
    writer.trial(experiment, None, seed=1, **CELL)
    text(content)(file_of(writer, "e", grid, schema.GRID_TRIALS_FILE))
    found = select(Store(writer.uri), grid="g")
    assert list(found.frames.trials["run_id"]) == [run]
    assert f"{schema.GRID_TRIALS_FILE} of run {grid}" in left_out_note(found)


SPEC: dict[str, Any] = {
    "dataset": "digits",
    "model": "mlp",
    "glitch": "none",
    "ratio": 0.1,
    "seed": 0,
}


@pytest.mark.parametrize(
    "tags",
    [
        {schema.SPEC: "{"},
        {schema.SPEC: "[]"},
        {schema.SPEC: "null"},
        {schema.SPEC: json.dumps(SPEC | {"ratio": True})},
        {schema.SPEC: json.dumps(SPEC | {"ratio": float("nan")})},
        {schema.SPEC: json.dumps(SPEC | {"ratio": 7})},
        {schema.SPEC: json.dumps(SPEC | {"seed": 1.5})},
        {schema.SPEC: json.dumps(SPEC | {"dataset": ["digits"]})},
        {schema.N_CLASSES: "many"},
    ],
)
def test_damaged_tags(writer: Writer, tags: dict[str, str]) -> None:
    experiment = writer.experiment("e")
    good = writer.trial(experiment, None, seed=0, **CELL)
    run = writer.trial(experiment, None, seed=1, **CELL)
    for key, value in tags.items():
        writer.client.set_tag(run, key, value)
    found = select(Store(writer.uri), "e")
    assert list(found.frames.trials["run_id"]) == [good]
    assert found.frames.left_out() == {UNREADABLE: 1}


@pytest.mark.parametrize("value", ["{", "[]", '{"self_influence": "high"}'])
def test_curves_of_a_damaged_tag_come_from_the_histories(writer: Writer, value: str) -> None:
    experiment = writer.experiment("e")
    run = writer.trial(experiment, None, artifacts=True, seed=0, **CELL)
    wanted = select(Store(writer.uri), "e").frames.curves
    tag = schema.curves_tag(schema.EPOCH_F1)
    writer.client.set_tag(run, tag, value)
    runs = select(Store(writer.uri), "e")
    pd.testing.assert_frame_equal(runs.frames.curves, wanted, rtol=1e-5)
    signal = evaluate.find_signal("own_class_influence")
    assert evaluate.evaluate(runs, *signal) == {evaluate.EVALUATED: 1}
    assert "own_class_influence" in json.loads(writer.client.get_run(run).data.tags[tag])


def test_a_run_of_another_version_counts_with_the_fields_it_has(writer: Writer) -> None:
    experiment = writer.experiment("e")
    for seed in range(2):
        run = writer.trial(experiment, None, seed=seed, **CELL)
        spec = json.loads(writer.client.get_run(run).data.tags[schema.SPEC])
        spec = {key: spec[key] for key in SPEC} | {"layers": [1, 2], "state": "new", "run_id": "x"}
        writer.client.set_tag(run, schema.SPEC, json.dumps(spec))
        writer.client.delete_tag(run, schema.MODALITY)
        writer.client.delete_tag(run, schema.N_CLASSES)
        writer.client.delete_tag(run, schema.CODE_VERSION)
    options = ["--tracking-uri", writer.uri, "--experiment", "e"]
    assert tables.main(options) == 0
    assert claims.main(options) == 0
    trials = select(Store(writer.uri), "e").frames.trials
    assert list(trials["layers"]) == ["[1, 2]"] * 2
    assert len(set(trials["run_id"]) - {"x"}) == 2


@pytest.fixture
def mixed(writer: Writer) -> Writer:
    """Of three good runs of each of two cells, four have a damaged file each."""
    experiment = writer.experiment("mixed")
    wine: dict[str, Any] = {
        "dataset": "wine",
        "model": "mlp",
        "glitch": "uniform_noise",
        "ratio": 0.1,
    }
    runs = [writer.trial(experiment, None, artifacts=True, seed=s, **CELL) for s in range(3)]
    rows = [writer.trial(experiment, None, artifacts=True, seed=s, **wine) for s in range(3)]
    cut(file_of(writer, "mixed", runs[0], schema.SCORES_FILE))
    cut(file_of(writer, "mixed", runs[1], schema.PROFILE_FILE))
    text("no,such\n1,2\n")(
        file_of(writer, "mixed", rows[0], f"{schema.SUSPECTS_FOLDER}/{schema.SUSPECTS_TABLE}")
    )
    sheets = file_of(writer, "mixed", runs[1], schema.SUSPECTS_FOLDER)
    cut(next(sheets.glob("self_influence.png")))
    return writer


def test_commands_report_what_they_skip(
    mixed: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--tracking-uri", mixed.uri, "--experiment", "mixed"]
    out = ["--out", str(tmp_path / "out")]
    wanted = ["--figure", "distributions", "--format", "svg"]
    assert figures.main([*options, *out, *wanted]) == 0
    assert f"Damaged and skipped: {schema.SCORES_FILE} of run" in capsys.readouterr().out
    assert report.main([*options, *out]) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"Damaged and skipped: {schema.SCORES_FILE} of run" in page
    assert f"{schema.SUSPECTS_FOLDER} of run" in page
    capsys.readouterr()
    assert evaluate.main([*options, "--signal", "own_class_influence"]) == 0
    printed = capsys.readouterr().out
    assert f"4 runs {evaluate.EVALUATED}" in printed
    assert f"2 runs {evaluate.WITHOUT}" in printed
    assert f"{schema.PROFILE_FILE} of run" in printed


def test_a_profile_of_other_samples_is_skipped(writer: Writer) -> None:
    run = writer.trial(writer.experiment("e"), None, artifacts=True, seed=0, **CELL)
    path = file_of(writer, "e", run, schema.SCORES_FILE)
    pd.read_parquet(path).iloc[:-1].to_parquet(path)
    found = evaluate.evaluate(
        select(Store(writer.uri), "e"), *evaluate.find_signal("own_class_influence")
    )
    assert found == {evaluate.WITHOUT: 1}


def test_a_store_of_another_mlflow_version_is_one_line(writer: Writer, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(Path(writer.uri.removeprefix("sqlite:///")).read_bytes())
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("UPDATE alembic_version SET version_num = '000000000000'")
    database.close()
    with pytest.raises(UserError, match="schema") as caught:
        Store(f"sqlite:///{path}")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_store_that_stays_locked_is_one_line(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "PATIENCE", 0.1)
    store = Store(writer.uri)
    database = sqlite3.connect(writer.uri.removeprefix("sqlite:///"), isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(UserError, match="locked") as caught:
            _ = store.experiments
    finally:
        database.close()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("main", [tables.main, figures.main, report.main, claims.main])
def test_no_folder_remains_after_a_refusal(
    writer: Writer, tmp_path: Path, main: Callable[[list[str]], int]
) -> None:
    writer.experiment("e")
    out = tmp_path / "out"
    with pytest.raises(UserError, match="no trial"):
        main(["--tracking-uri", writer.uri, "--experiment", "e", "--out", str(out)])
    assert not out.exists()


def test_a_file_where_the_folder_should_be_is_one_line(writer: Writer, tmp_path: Path) -> None:
    writer.trial(writer.experiment("e"), None, seed=0, **CELL)
    out = tmp_path / "out"
    out.write_text("")
    with pytest.raises(UserError, match="cannot write to") as caught:
        claims.main(["--tracking-uri", writer.uri, "--experiment", "e", "--out", str(out)])
    assert "\n" not in str(caught.value)
