"""From an audit to a repaired training set by the command line."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from audit_standin import WRONG

from common.errors import UserError
from experiments.commands.repair import main


def audit_run(store: str, data: Path) -> str:
    client = mlflow.MlflowClient(store)
    runs = client.search_runs(["0"], f"tags.`audit.data` = '{data}'")
    return str(runs[0].info.run_id)


def runs_in(store: str) -> set[str]:
    return {run.info.run_id for run in mlflow.MlflowClient(store).search_runs(["0"])}


def test_from_an_audit_to_a_repaired_table(
    audited_table: Path,
    table: Path,
    store: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = pd.read_csv(table)
    names = sorted(given["kind"].unique())
    wrong = [row for row in WRONG if row < len(given)]
    truth = {
        "row": wrong,
        "action": "relabel",
        "new_label": [names[[1, 2, 0].index(names.index(given["kind"][row]))] for row in wrong],
    }
    pd.DataFrame(truth).to_csv(tmp_path / "truth.csv", index=False)
    argv = ["--audit", audit_run(store, table), "--out", str(tmp_path), "--seeds", "2"]
    argv += ["--tracking-uri", store, "--truth", str(tmp_path / "truth.csv")]
    assert main(argv) == 0
    said = capsys.readouterr().out
    assert "points (" in said
    found = pd.read_csv(tmp_path / "gain.csv").set_index("trained on")
    assert list(found.index) == ["dirty", "randomly repaired", "repaired", "clean"]
    assert found["accuracy"].between(0.5, 1).all()
    assert (found.loc["dirty", ["gain", "gain_low", "gain_high"]] == 0).all()
    assert (found["low"] <= found["accuracy"]).all()
    decisions = pd.read_csv(tmp_path / "decisions.csv")
    flagged = pd.read_parquet(audited_table / "suspicions.parquet")["flagged"].sum()
    assert len(decisions) == flagged
    assert len(pd.read_csv(tmp_path / "repaired.csv")) <= len(given)


ROWS = "row,action,new_label\n"
REFUSED = {
    "9999,drop,": "row must be a whole number in 0..177, got '9999'",
    "1,drop,\n1,keep,": "row 1 has more than one decision",
    "true,drop,": "got 'true'",
    "1,delete,": "got 'delete' for row 1",
    "1,relabel,blue": "unknown new_label 'blue'",
    "\n".join(f"{row},drop," for row in range(178)): "rows of class",
}


@pytest.mark.usefixtures("audited_table")
@pytest.mark.parametrize("rows", REFUSED, ids=REFUSED.values())
def test_refused_decisions_train_nothing_and_write_nothing(  # noqa: PLR0913, PLR0917 - fixtures
    rows: str,
    table: Path,
    store: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trained(*_: object) -> None:
        pytest.fail("trained before the decisions were checked")

    monkeypatch.setattr("experiments.repair.plan.gain", trained)
    (tmp_path / "d.csv").write_text(ROWS + rows)
    argv = ["--audit", audit_run(store, table), "--out", str(tmp_path / "deep" / "o")]
    argv += ["--tracking-uri", store, "--decisions", str(tmp_path / "d.csv")]
    before = runs_in(store)
    assert main(argv) == 2
    said = capsys.readouterr()
    assert REFUSED[rows] in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
    assert not (tmp_path / "deep").exists()
    assert runs_in(store) == before


@pytest.mark.usefixtures("audited_table")
def test_a_training_that_fails_leaves_no_folder(
    table: Path, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverged(*_: object) -> None:
        raise UserError("training diverged")

    monkeypatch.setattr("experiments.repair.plan.gain", diverged)
    argv = ["--audit", audit_run(store, table), "--out", str(tmp_path / "deep" / "o")]
    assert main([*argv, "--tracking-uri", store]) == 2
    assert not (tmp_path / "deep").exists()


@pytest.mark.usefixtures("audited_table", "ignored_sigterm")
def test_a_terminated_repair_leaves_no_folder(
    table: Path, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def terminated(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("the signal was not taken")

    monkeypatch.setattr("experiments.repair.plan.gain", terminated)
    argv = ["--audit", audit_run(store, table), "--out", str(tmp_path / "deep" / "o")]
    assert main([*argv, "--tracking-uri", store]) == 130
    assert not (tmp_path / "deep").exists()


BAD: list[tuple[list[str], str]] = [
    (["--audit", "0123456789abcdef0123456789abcdef"], "no run '0123456789abcdef"),
    (["--seeds", "1"], "seeds must be at least 2"),
    (["--decisions", "gone.csv"], "gone.csv cannot be read"),
]


@pytest.mark.usefixtures("audited_table")
@pytest.mark.parametrize("case", BAD, ids=[case[1] for case in BAD])
def test_bad_repairs(
    case: tuple[list[str], str],
    table: Path,
    store: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change, message = case
    argv = ["--audit", audit_run(store, table), "--out", str(tmp_path / "o")]
    assert main([*argv, "--tracking-uri", store, *change]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "o" / "repaired.csv").exists()


@pytest.mark.usefixtures("audited_table")
def test_data_that_changed_since(
    table: Path, store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = audit_run(store, table)
    saved = shutil.copyfile(table, tmp_path / "saved.csv")
    try:
        pd.read_csv(table).iloc[:-1].to_csv(table, index=False)
        assert main(["--audit", run, "--out", str(tmp_path), "--tracking-uri", store]) == 2
    finally:
        shutil.copyfile(saved, table)
    assert "has changed since the audit; audit it again" in capsys.readouterr().err
