"""The user's own data in a trial."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_wine

from common.errors import UserError
from experiments.training.context import TrialContext
from experiments.trial.resolve import resolve
from experiments.trial.run import run_trial


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Wine as a CSV file: a kind, a gap in a column, a text column, every ninth row marked."""
    wine = load_wine(as_frame=True)
    frame = wine.data.assign(
        kind=wine.target_names[wine.target],
        colour=np.where(wine.target == 0, "pale", "dark"),
        doubtful=(np.arange(len(wine.target)) % 9 == 0).astype(int),
    )
    frame.loc[5, "ash"] = None
    frame.to_csv(tmp_path / "wine.csv", index=False)
    return tmp_path / "wine.csv"


def test_a_table_with_known_glitches(table: Path, tmp_path: Path) -> None:
    spec = resolve(
        {
            "dataset": str(table),
            "model": "mlp",
            "glitch": "known_glitches",
            "label": "kind",
            "known_glitch": "doubtful",
            "epochs": 2,
        },
        None,
    )
    result = run_trial(spec, TrialContext(None, tmp_path))
    assert spec.ratio == 0.0
    marked = result.scores[result.scores["is_glitch"]]
    assert set(marked["glitch"]) == {"known_glitches"}
    assert (marked["source_index"] % 9 == 0).all()
    assert (result.validation.source_index % 9 != 0).all()
    assert 0 <= result.metrics["f1/self_influence"] <= 1
    assert "colour_pale" in result.train.data.feature_names


def test_marks_are_wanted_before_training(table: Path, tmp_path: Path) -> None:
    spec = resolve(
        {"dataset": str(table), "model": "mlp", "glitch": "known_glitches", "label": "kind"}, None
    )
    with pytest.raises(UserError, match="name their column with known_glitch"):
        run_trial(spec, TrialContext(None, tmp_path))


def test_a_path_means_the_same_from_everywhere(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(table.parent)
    here = resolve({"dataset": "wine.csv", "model": "mlp", "glitch": "none", "label": "kind"}, None)
    assert here == resolve(
        {"dataset": str(table), "model": "mlp", "glitch": "none", "label": "kind"}, None
    )
    monkeypatch.chdir("/")
    assert run_trial(here.with_seed(1), TrialContext(None, tmp_path)).dataset.rows == 178


def test_the_hash_covers_the_columns(table: Path) -> None:
    specs = [
        resolve(
            {
                "dataset": str(table),
                "model": "mlp",
                "glitch": "none",
                "label": label,
                "known_glitch": marks,
            },
            None,
        )
        for label in ("kind", "colour")
        for marks in (None, "doubtful")
    ]
    assert len({spec.spec_hash for spec in specs}) == 4


@pytest.mark.parametrize("option", ["label", "known_glitch"])
def test_columns_are_of_own_data_only(option: str) -> None:
    with pytest.raises(UserError, match=f"{option}='kind' .*'wine'"):
        resolve({"dataset": "wine", "model": "mlp", "glitch": "none", **{option: "kind"}}, None)
