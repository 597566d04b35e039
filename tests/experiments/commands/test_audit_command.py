"""The audit command: from data to suspicions, reasons and a report."""

from __future__ import annotations

import json
import os
import re
import signal
from functools import partial
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from audit_standin import WRONG, diagnose

from experiments.audit.explain.image_checks import CHECKS
from experiments.commands.audit import main
from experiments.tracking import command_run
from experiments.tracking.tracker import Tracker
from influence.diagnosis.base import KINDS, Diagnosis
from influence.evidence import Evidence

COLUMNS = [
    "row",
    "file",
    "label",
    "probability",
    "flagged",
    "kind",
    "expected_label",
    "duplicate_of",
    "rank_self_influence",
    "rank_marginal_influence",
    "rank_average_absolute_influence",
    "rank_gd_class",
    "rank_cnci",
    "rank_loss",
    *(name for check in CHECKS for name in (f"is_{check}_issue", f"{check}_score")),
]


def test_every_sample_is_listed_the_most_suspicious_first(
    suspicions: pd.DataFrame, audited_images: Path
) -> None:
    assert list(suspicions.columns) == COLUMNS
    assert sorted(suspicions["row"]) == list(range(300))
    assert not suspicions.loc[suspicions["flagged"].idxmin() :, "flagged"].any()
    flagged = suspicions[suspicions["flagged"]]
    assert flagged["probability"].is_monotonic_decreasing
    assert suspicions["probability"].between(0, 1).all()
    assert set(suspicions["kind"]) <= {*KINDS, *CHECKS}
    for rank in COLUMNS[8:14]:
        assert sorted(suspicions[rank]) == list(range(1, 301))
    written = pd.read_csv(audited_images / "suspicions.csv", keep_default_na=False)
    assert written["file"].tolist() == suspicions["file"].tolist()


def test_wrong_labels_are_found(suspicions: pd.DataFrame) -> None:
    number = suspicions["file"].str.extract(r"/(\d+) ", expand=False).astype(int)
    wrong = number.isin(WRONG)
    flagged = suspicions["flagged"]
    assert (wrong & flagged).sum() >= 12
    assert (flagged & ~wrong).sum() <= 5


def test_reasons_name_other_samples(audited_images: Path, suspicions: pd.DataFrame) -> None:
    reasons = pd.read_csv(audited_images / "reasons.csv", keep_default_na=False)
    assert reasons["row"].tolist() == suspicions["row"].tolist()
    assert reasons["learned_epoch"].between(0, 10).all()
    sample = re.compile(r"train:(\d+)\((\S+?)\)")
    for row, line in zip(reasons["row"], reasons["speak_for"], strict=True):
        named = sample.findall(line)
        assert named
        assert all(int(other) != row and float(influence) > 0 for other, influence in named)
    against = "".join(reasons["speak_against"])
    assert all(float(influence) < 0 for _, influence in sample.findall(against))


def test_tables_get_odd_features(audited_table: Path) -> None:
    reasons = pd.read_csv(audited_table / "reasons.csv")
    assert reasons["odd_features"].str.count(";").eq(2).all()
    assert "file" not in pd.read_csv(audited_table / "suspicions.csv")


def test_the_page_holds_nothing_that_the_data_could_run(audited_images: Path) -> None:
    page = (audited_images / "report.html").read_text()
    assert page.count("<script") == 5
    assert "alert('x')" not in page
    assert "<i>.png" not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)" in page
    assert not re.search(r"(src|href)=[\"']?(https?:|//|file:)", page)
    assert "default-src 'none'" in page
    for name in ("pictures", "labels", "suspects"):
        held = re.search(f'id="{name}">(.*?)</script>', page)
        assert held is not None
        assert json.loads(held[1])


def test_the_run_holds_it_all(audited_images: Path, store: str) -> None:
    client = mlflow.MlflowClient(store)
    runs = client.search_runs(["0"], "tags.kind = 'audit'")
    run = next(run for run in runs if run.data.tags["audit.model"] == "small_convnet")
    assert run.info.status == "FINISHED"
    assert run.data.metrics["flagged"] >= 12
    stored = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"suspicions.csv", "suspicions.parquet", "report.html", "reasons.csv"} <= stored


def test_results_are_delivered_if_the_store_fails(
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command_run, "Tracker", partial(Tracker, patience=0.0))
    store = tmp_path / "mlflow.db"

    def diagnose_without_store(evidence: Evidence) -> Diagnosis:
        store.write_bytes(b"this is not a database " * 1000)
        return diagnose(evidence)

    argv = ["--data", str(table), "--label", "kind", "--out", str(tmp_path / "out")]
    argv += ["--model", "softmax_regression", "--cache", str(tmp_path / "cache")]
    assert main([*argv, "--tracking-uri", f"sqlite:///{store}"], diagnose_without_store) == 1
    assert len(pd.read_csv(tmp_path / "out" / "suspicions.csv")) == 178
    assert (tmp_path / "out" / "report.html").exists()
    captured = capsys.readouterr()
    assert "not logged" in captured.err
    assert len(captured.err.splitlines()) == 1
    assert "Review first" in captured.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "gone.csv"], "gone.csv"),
        (["--data", "wine", "--model", "resnet20"], "is for image data"),
        (["--data", "wine", "--max-false-alarms", "1"], "in (0, 1), got 1"),
        (["--data", "wine", "--seed", "-1"], "at least 0, got -1"),
        (["--data", "wine", "--out", "/proc/no"], "cannot be written"),
        ([], "missing: --data"),
    ],
)
def test_bad_options(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store = f"sqlite:///{tmp_path}/mlflow.db"
    assert main([*options, "--tracking-uri", store]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "mlflow.db").exists()


def test_a_store_that_cannot_be_used_leaves_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--data", "wine", "--out", str(tmp_path / "out"), "--tracking-uri", "nonsense"]
    assert main(argv) == 2
    assert "nonsense" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_results_do_not_become_data(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(images.rglob("*"))
    argv = ["--data", str(images), "--out", str(images / "audit")]
    assert main([*argv, "--tracking-uri", f"sqlite:///{tmp_path}/mlflow.db"]) == 2
    assert f"is in the data, {str(images)!r}" in capsys.readouterr().err
    assert sorted(images.rglob("*")) == before


@pytest.mark.usefixtures("ignored_sigterm")
def test_a_terminated_audit_leaves_no_folder(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def terminated(evidence: Evidence) -> Diagnosis:
        os.kill(os.getpid(), signal.SIGTERM)
        return diagnose(evidence)

    out, uri = tmp_path / "deep" / "out", f"sqlite:///{tmp_path}/mlflow.db"
    argv = ["--data", str(table), "--label", "kind", "--out", str(out), "--tracking-uri", uri]
    assert main(argv, terminated) == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert not (tmp_path / "deep").exists()
    (run,) = mlflow.MlflowClient(uri).search_runs(["0"])
    assert run.info.status == "FAILED"
