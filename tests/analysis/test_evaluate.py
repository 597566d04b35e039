"""A signal evaluated after the fact gives what the trial would have logged."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from run_writer import EPOCHS, SIGNAL_NAMES, Writer, pretend, score

from analysis import evaluate as command
from analysis.evaluate import EVALUATED, KEPT, WITHOUT, evaluate, find_signal
from analysis.notebook import evidence, profile, runs, scores
from analysis.reading.selection import Selection, select
from analysis.reading.store import Store
from analysis.reading.stored import load_scores
from common.errors import UserError
from experiments import schema
from influence.signals import SIGNALS

CELL: dict[str, Any] = {
    "dataset": "wine",
    "model": "mlp",
    "glitch": "class_dependent_noise",
    "ratio": 0.1,
}
OLD = SIGNAL_NAMES[:2]
NEW = "gd_class"


@pytest.fixture
def trial(writer: Writer) -> str:
    """A trial that knew two signals only."""
    experiment = writer.experiment("old")
    return writer.trial(experiment, None, artifacts=True, signals=OLD, seed=3, **CELL)


def selected(writer: Writer) -> Selection:
    return select(Store(writer.uri), "old")


def test_metrics_scores_and_curves_equal_those_of_a_trial(writer: Writer, trial: str) -> None:
    assert evaluate(selected(writer), NEW, SIGNALS[NEW]) == {EVALUATED: 1}
    stored, table = pretend({"seed": 3, "epochs": EPOCHS, **CELL})
    final, curves = score(stored, table, SIGNAL_NAMES, 3)
    metrics = writer.client.get_run(trial).data.metrics
    for metric in schema.DETECTION_METRICS:
        assert metrics[f"{metric}/{NEW}"] == final[f"{metric}/{NEW}"]
    again = selected(writer)
    kept = load_scores(again.store, trial)
    assert kept is not None
    np.testing.assert_array_equal(kept[NEW], table[NEW])
    np.testing.assert_array_equal(kept["self_influence"], table["self_influence"])
    found = again.frames.curves.query("metric == 'epoch_f1'")
    for name in (*OLD, NEW):
        wanted = pytest.approx(curves[f"epoch_f1/{name}"], abs=1e-6)
        assert found[found["series"] == name]["value"].tolist() == wanted
    tags = writer.client.get_run(trial).data.tags
    assert NEW in tags[schema.curves_tag(schema.EPOCH_F1)]


def test_never_twice_and_never_over_without_force(writer: Writer, trial: str) -> None:
    evaluate(selected(writer), NEW, SIGNALS[NEW])
    before = writer.client.get_metric_history(trial, f"f1/{NEW}")
    assert evaluate(selected(writer), NEW, SIGNALS[NEW]) == {KEPT: 1}
    assert evaluate(selected(writer), OLD[0], SIGNALS[NEW]) == {KEPT: 1}
    assert writer.client.get_metric_history(trial, f"f1/{NEW}") == before
    assert evaluate(selected(writer), NEW, SIGNALS["self_influence"], force=True) == {EVALUATED: 1}
    again = selected(writer)
    final = again.frames.final.set_index(["metric", "series"])["value"]
    assert final["f1", NEW] == final["f1", "self_influence"]
    scores = load_scores(again.store, trial)
    assert scores is not None
    assert scores[NEW].equals(scores["self_influence"].rename(NEW))


def test_a_run_without_glitches_gets_scores_only_and_only_once(writer: Writer) -> None:
    experiment = writer.experiment("old")
    clean: dict[str, Any] = {
        "dataset": "wine",
        "model": "mlp",
        "glitch": "none",
        "ratio": 0.0,
        "seed": 0,
    }
    run = writer.trial(experiment, None, artifacts=True, signals=OLD, **clean)
    assert evaluate(selected(writer), NEW, SIGNALS[NEW]) == {EVALUATED: 1}
    assert evaluate(selected(writer), NEW, SIGNALS[NEW]) == {KEPT: 1}
    assert f"f1/{NEW}" not in writer.client.get_run(run).data.metrics


def test_runs_without_a_profile_are_counted_and_skipped(writer: Writer) -> None:
    experiment = writer.experiment("old")
    writer.trial(experiment, None, artifacts=False, signals=OLD, seed=0, **CELL)
    assert evaluate(selected(writer), NEW, SIGNALS[NEW]) == {WITHOUT: 1}


def test_a_signal_that_needs_the_trace_is_refused_before_anything_is_logged(
    writer: Writer, trial: str
) -> None:
    before = writer.client.get_run(trial).data
    with pytest.raises(UserError, match=r"'loss' cannot be computed .* repeat the trial"):
        evaluate(selected(writer), "loss", SIGNALS["loss"])
    assert writer.client.get_run(trial).data.to_dictionary() == before.to_dictionary()


def test_curves_too_long_for_a_tag_are_read_from_the_history(
    writer: Writer, trial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = schema.curves_tag(schema.EPOCH_F1)
    length = len(writer.client.get_run(trial).data.tags[tag])
    monkeypatch.setattr(schema, "_TAG_LIMIT", length)
    evaluate(selected(writer), NEW, SIGNALS[NEW])
    assert tag not in writer.client.get_run(trial).data.tags
    found = selected(writer).frames.curves.query("metric == 'epoch_f1'")
    assert found.groupby("series").size().to_dict() == dict.fromkeys((*OLD, NEW), EPOCHS)


OWN = """
from influence.signals.base import per_epoch

@per_epoch
def mine(evidence):
    return evidence.profile.positive.sum(axis=1)

def whole(evidence):
    return evidence.labels

self_influence = mine
text = "no function"
"""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_signals.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    return "own_signals"


@pytest.mark.usefixtures("trial")
def test_own_signals_by_module_and_function(
    writer: Writer, own_module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--tracking-uri", writer.uri, "--experiment", "old"]
    for attribute in ("mine", "whole"):
        assert command.main([*common, "--signal", f"{own_module}:{attribute}"]) == 0
    assert "mine: 1 runs evaluated" in capsys.readouterr().out
    frames = selected(writer).frames
    assert set(frames.final.query("metric == 'f1'")["series"]) == {*OLD, "mine", "whole"}
    assert set(frames.curves.query("metric == 'epoch_f1'")["series"]) == {*OLD, "mine"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gd_clas", r"unknown signal 'gd_clas' \(did you mean 'gd_class'"),
        ("no_such_module:f", "no signal 'no_such_module:f': No module named"),
        ("own_signals:nothing", "has no attribute 'nothing'"),
        ("own_signals:text", "must be a function of the evidence, got 'no function'"),
        ("own_signals:self_influence", "is the name of a registered signal"),
    ],
)
@pytest.mark.usefixtures("own_module")
def test_what_is_no_signal_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        find_signal(text)


def test_frames_for_notebooks(writer: Writer, trial: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", writer.uri)
    found = runs("old")
    assert found["run_id"].tolist() == [trial]
    row = found.iloc[0]
    assert row["glitch"] == "class_dependent_noise"
    assert 0 <= row["f1/self_influence"] <= 1
    assert "peak_rss_mib" in found
    table = scores(row)
    assert list(table.columns[:5]) == ["is_glitch", "glitch", "true_label", "label", "source_index"]
    pd.testing.assert_frame_equal(table, scores(trial))
    long = profile(row)
    assert long.groupby("epoch").size().to_dict() == dict.fromkeys(range(EPOCHS + 1), len(table))
    own = long[long["epoch"] == 0]["self_influence"].to_numpy()
    np.testing.assert_array_equal(SIGNALS["self_influence"](evidence(row)), own)
    np.testing.assert_array_equal(own, table["self_influence"])


def test_a_run_that_stored_nothing_is_named(writer: Writer) -> None:
    bare = writer.trial(writer.experiment("bare"), None, seed=0, **CELL)
    with pytest.raises(UserError, match=f"run {bare} has no stored scores"):
        scores(bare, writer.uri)
    with pytest.raises(UserError, match=f"run {bare} has no stored profile"):
        profile(bare, writer.uri)
