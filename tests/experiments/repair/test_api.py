"""``repair(result, decisions)`` from Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from audit_standin import diagnose
from sklearn.datasets import load_wine

from common.errors import UserError
from experiments.audit import AuditResult, audit, load
from experiments.repair import RepairResult, repair
from experiments.training.context import TrialContext

WINE = load_wine(as_frame=True)
NAMES = np.array(["a", "b", "c"])
WRONG = np.arange(0, 178, 20)
OPTIONS: dict[str, Any] = {"model": "softmax_regression", "diagnose": diagnose}


def labels() -> np.ndarray:
    y = WINE.target.to_numpy().copy()
    y[WRONG] = (y[WRONG] + 1) % 3
    named: np.ndarray = NAMES[y]
    return named


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TrialContext:
    return TrialContext(None, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "wine.csv"
    WINE.data.assign(kind=labels()).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def of_file(table: Path, context: TrialContext) -> AuditResult:
    return audit(table, label_name="kind", context=context, **OPTIONS)


@pytest.fixture(scope="module")
def of_arrays(context: TrialContext) -> AuditResult:
    return audit(WINE.data, labels(), context=context, **OPTIONS)


TRUTH = pd.DataFrame(
    {"row": WRONG, "action": "relabel", "new_label": NAMES[WINE.target.to_numpy()[WRONG]]}
)


@pytest.fixture(scope="module")
def repaired(of_file: AuditResult, context: TrialContext) -> RepairResult:
    return repair(of_file, TRUTH, seeds=2, context=context)


def test_rows_and_labels_are_those_after_the_decisions(repaired: RepairResult) -> None:
    assert repaired.rows.tolist() == list(range(178))
    assert repaired.labels.tolist() == NAMES[WINE.target].tolist()
    assert list(repaired.table["trained on"]) == ["dirty", "randomly repaired", "repaired"]
    assert "9 relabelled, 0 dropped of 178 samples" in str(repaired)
    assert "9 relabelled" in repaired._repr_html_()


def test_a_repair_is_saved_once(repaired: RepairResult, tmp_path: Path) -> None:
    written = repaired.save(tmp_path / "out")
    assert pd.read_csv(written)["kind"].tolist() == repaired.labels.tolist()
    assert pd.read_csv(tmp_path / "out" / "decisions.csv")["row"].tolist() == WRONG.tolist()
    assert len(pd.read_csv(tmp_path / "out" / "gain.csv")) == 3
    with pytest.raises(UserError, match="exists already"):
        repaired.save(tmp_path / "out")


def test_data_in_memory(of_arrays: AuditResult, context: TrialContext, tmp_path: Path) -> None:
    dropped = TRUTH.assign(action="drop")
    found = repair(of_arrays, dropped, truth=TRUTH, seeds=2, context=context)
    assert found.rows.tolist() == np.setdiff1d(np.arange(178), WRONG).tolist()
    assert found.labels.tolist() == labels()[found.rows].tolist()
    assert "clean" in set(found.table["trained on"])
    found.save(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["decisions.csv", "gain.csv"]


def test_a_loaded_audit_is_repaired_if_its_data_are_files(
    of_file: AuditResult,
    of_arrays: AuditResult,
    repaired: RepairResult,
    context: TrialContext,
    tmp_path: Path,
) -> None:
    again = repair(load(of_file.save(tmp_path / "a")), TRUTH, seeds=2, context=context)
    pd.testing.assert_frame_equal(again.table, repaired.table)
    with pytest.raises(UserError, match="were in memory"):
        repair(load(of_arrays.save(tmp_path / "b")), seeds=2, context=context)


def test_a_repair_is_logged(repaired: RepairResult, store_uri: str) -> None:
    run = mlflow.MlflowClient(store_uri).get_run(repaired.log(store_uri, audit="0123"))
    assert run.info.status == "FINISHED"
    assert run.data.params == {"audit": "0123", "decisions": "given in a table"}
    assert run.data.metrics["accuracy/repaired"] == pytest.approx(repaired.table["accuracy"][2])


@pytest.mark.parametrize(
    ("decisions", "options", "message"),
    [
        (TRUTH.assign(action="delete"), {}, "action must be one of .* got 'delete' for row 0"),
        (TRUTH.assign(new_label="blue"), {}, "unknown new_label 'blue'"),
        (TRUTH.drop(columns="action"), {}, "decisions must have one column 'action', got 0"),
        (TRUTH.assign(row=178), {}, "in 0..177, got '178'"),
        ("gone.csv", {}, "gone.csv cannot be read"),
        (None, {"seeds": 1}, "at least 2, got 1"),
        (None, {"seeds": 2.5}, "at least 2, got 2.5"),
        (None, {"truth": TRUTH.assign(row=-1)}, "truth: row must be"),
        (None, {"reference": "gone.csv"}, "no data at 'gone.csv'"),
    ],
)
def test_what_is_refused(
    decisions: Any,
    options: dict[str, Any],
    message: str,
    of_file: AuditResult,
    context: TrialContext,
) -> None:
    with pytest.raises(UserError, match=message) as raised:
        repair(of_file, decisions, context=context, **options)
    assert len(str(raised.value).splitlines()) == 1


def test_another_reference_set_in_memory_needs_another_audit(
    of_arrays: AuditResult, context: TrialContext
) -> None:
    with pytest.raises(UserError, match="must be that of the audit"):
        repair(of_arrays, reference="wine", context=context)


def test_data_that_changed_since(of_file: AuditResult, context: TrialContext) -> None:
    other = replace(of_file, request=replace(of_file.request, digest="0"))
    with pytest.raises(UserError, match="has changed since the audit"):
        repair(other, context=context)
