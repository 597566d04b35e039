"""The examples of docs/analysis.md do what the page says."""

import doctest
import re
from pathlib import Path
from typing import Any

import pytest
from run_writer import Writer

from analysis import evaluate
from analysis.reading.selection import select
from analysis.reading.store import Store
from analysis.reading.stored import load_profile, load_scores

PAGE = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def embedded(writer: Writer) -> Writer:
    """A store with two trials of the experiment that the page speaks of."""
    experiment = writer.experiment("embedded")
    cell: dict[str, Any] = {
        "dataset": "breast_cancer",
        "model": "mlp",
        "glitch": "uniform_noise",
        "ratio": 0.1,
    }
    for seed in range(2):
        writer.trial(experiment, None, artifacts=True, seed=seed, **cell)
    return writer


def test_the_signal_of_ten_lines(
    embedded: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = block("python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    (tmp_path / "signals_of_the_page.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", embedded.uri)
    signal = re.search(r"--signal own_signals:(\w+) --experiment embedded", PAGE)
    assert signal is not None
    name = signal[1]
    # a name of its own: modules stay loaded for the tests that follow
    own = f"signals_of_the_page:{name}"
    assert evaluate.main(["--signal", own, "--experiment", "embedded"]) == 0
    runs = select(Store(embedded.uri), "embedded")
    logged = runs.frames.final.query("metric == 'f1' and series == @name")
    assert len(logged) == 2
    run = runs.frames.trials["run_id"].iloc[0]
    scores, profile = load_scores(runs.store, run), load_profile(runs.store, run)
    assert scores is not None
    assert profile is not None
    harm = [-profile.cumulative.negative[i, label] for i, label in enumerate(scores["label"])]
    assert scores[name].tolist() == pytest.approx(harm)


def test_the_notebook_runs(embedded: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", embedded.uri)
    namespace: dict[str, Any] = {}
    examples = doctest.DocTestParser().get_examples(block("pycon"))
    assert len(examples) > 3
    for example in examples:
        exec(compile(example.source, "docs/analysis.md", "single"), namespace)  # noqa: S102 - the project's own docs
