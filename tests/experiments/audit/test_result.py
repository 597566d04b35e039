"""What an audit returns: tables, pages, a plan of the review, files that can be read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from audit_standin import WRONG, diagnose
from PIL import Image
from sklearn.datasets import load_digits

from common.errors import UserError
from experiments.audit import AuditResult, audit, load
from experiments.audit.review import review_plan
from experiments.commands.audit import main
from experiments.training.context import TrialContext

DIGITS = load_digits()
ROWS = np.flatnonzero(DIGITS.target < 3)[:300]


def pixels() -> np.ndarray:
    scaled: np.ndarray = (DIGITS.images[ROWS] * 15).astype(np.uint8)
    return scaled


def labels() -> np.ndarray:
    y: np.ndarray = DIGITS.target[ROWS].copy()
    y[list(WRONG)] = (y[list(WRONG)] + 1) % 3
    return y


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def result(cache: Path) -> AuditResult:
    """An audit of images in memory."""
    return audit(
        [Image.fromarray(image) for image in pixels()],
        labels(),
        model="small_convnet",
        context=TrialContext(None, cache),
        diagnose=diagnose,
    )


@pytest.fixture(scope="module")
def saved(result: AuditResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return result.save(tmp_path_factory.mktemp("saved") / "new" / "audit")


def test_a_saved_result_is_the_same_when_it_is_loaded(result: AuditResult, saved: Path) -> None:
    again = load(saved)
    pd.testing.assert_frame_equal(again.table, result.table)
    pd.testing.assert_frame_equal(again.summary.shares, result.summary.shares)
    pd.testing.assert_frame_equal(again.summary.confusion, result.summary.confusion)
    assert again.request == result.request
    assert again.metrics == result.metrics
    assert again.explained == result.explained
    assert (again.notes, again.findings) == (result.notes, result.findings)
    for mine, other in zip(result.clusters, again.clusters, strict=True):
        assert (mine.kind, mine.sentence) == (other.kind, other.sentence)
        assert mine.rows.tolist() == other.rows.tolist()
    assert again._repr_html_() == result._repr_html_()
    assert str(again) == str(result)


def test_a_loaded_result_is_saved_with_the_same_files(saved: Path, tmp_path: Path) -> None:
    load(saved).save(tmp_path)
    names = sorted(file.name for file in saved.iterdir())
    assert sorted(file.name for file in tmp_path.iterdir()) == names
    for name in names:
        if not name.endswith(".parquet"):
            assert (tmp_path / name).read_bytes() == (saved / name).read_bytes(), name


def test_the_pages_show_the_images(result: AuditResult, tmp_path: Path) -> None:
    first = result._repr_html_()
    assert first.count("<img ") == 20
    assert f"<td>{result.table['row'][0]}</td>" in first
    page = result.report(tmp_path / "page.html").read_text()
    assert "data in memory" in page
    with pytest.raises(UserError, match="cannot be written"):
        result.report(tmp_path / "no" / "page.html")


def test_reasons_by_row(result: AuditResult) -> None:
    row = int(result.table["row"][0])
    reason = result.reasons(row)
    assert reason.row == row
    assert all(sample.influence > 0 for sample in reason.supporting)
    with pytest.raises(UserError, match="got 300"):
        result.reasons(300)


@pytest.mark.slow
def test_the_command_and_the_function_find_the_same(
    cache: Path, tmp_path: Path, result: AuditResult
) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, x=pixels(), y=labels())
    argv = ["--data", str(path), "--model", "small_convnet", "--out", str(tmp_path / "out")]
    argv += ["--tracking-uri", f"sqlite:///{tmp_path}/mlflow.db", "--cache", str(cache)]
    assert main(argv, diagnose) == 0
    by_command = load(tmp_path / "out")
    pd.testing.assert_frame_equal(by_command.table, result.table)
    assert by_command.explained == result.explained
    assert by_command._repr_html_() == result._repr_html_()
    assert by_command.request.data == str(path)


def test_a_result_is_logged_as_the_command_logs_it(saved: Path, store_uri: str) -> None:
    run_id = load(saved).log(store_uri, "audits")
    client = mlflow.MlflowClient(store_uri)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["model"] == "small_convnet"
    assert run.data.metrics["flagged"] == run.data.metrics["flagged/label_error"] > 0
    assert run.data.metrics["expected_errors"] > 0
    assert run.inputs is not None
    (data,) = run.inputs.dataset_inputs
    assert json.loads(data.dataset.profile or "") == {"num_rows": 300, "num_classes": 3}
    stored = {file.path for file in client.list_artifacts(run_id)}
    assert {"report.html", "first_suspects.html", "suspicions.csv", "audit.json"} <= stored


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no saved audit"),
        (b"{}", "not a saved audit: version Field required"),
        (b"nonsense", "not a saved audit"),
    ],
)
def test_what_is_no_saved_audit(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "audit.json").write_bytes(content)
    with pytest.raises(UserError, match=message) as raised:
        load(tmp_path)
    assert len(str(raised.value).splitlines()) == 1


def test_a_saved_audit_that_is_not_whole(saved: Path, tmp_path: Path) -> None:
    text = (saved / "audit.json").read_text()
    (tmp_path / "audit.json").write_text(text)
    with pytest.raises(UserError, match="not a whole saved audit"):
        load(tmp_path)
    (tmp_path / "audit.json").write_text(text.replace('"version": 1', '"version": 9'))
    with pytest.raises(UserError, match="version 9"):
        load(tmp_path)


def suspicions(*probabilities: float) -> pd.DataFrame:
    return pd.DataFrame({"probability": probabilities})


def test_the_plan_of_a_review() -> None:
    plan = review_plan(suspicions(1.0, 0.9, 0.6, 0.1, 0.05, *[0.0] * 95), 3.0, 0.1)
    assert plan.samples == 4
    assert plan.expected_errors == pytest.approx(2.6)
    assert plan.all_expected_errors == pytest.approx(2.65)
    assert (1 - 0.1) ** plan.stop_after <= 0.05 < (1 - 0.1) ** (plan.stop_after - 1)
    assert plan.steps["review"].tolist() == [2, 3, 4]
    assert "first 4 samples" in str(plan)


@pytest.mark.parametrize(("estimate", "samples"), [(7.2, 8), (float("nan"), 0), (1e6, 50)])
def test_an_estimate_is_enough_to_plan_a_review(estimate: float, samples: int) -> None:
    plan = review_plan(suspicions(*np.linspace(0.05, 0.0, 50).tolist()), estimate, 0.1)
    assert plan.samples == samples


@pytest.mark.parametrize("precision", [0.0, 1.0, -1, float("nan")])
def test_a_precision_is_a_probability(precision: Any) -> None:
    with pytest.raises(UserError, match=r"min_precision must be in \(0, 1\), got"):
        review_plan(suspicions(0.5), 1.0, precision)
