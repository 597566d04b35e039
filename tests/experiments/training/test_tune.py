"""The search for learning rate and batch size."""

from pathlib import Path

import pandas as pd
import pytest

from experiments import tune

COMMAND = ["--dataset", "wine", "--model", "mlp", "--epochs", "2", "--batch-sizes", "16"]


def search(store: Path, *more: str) -> int:
    return tune.main([*COMMAND, "--seeds", "7", "8", "--csv", str(store), *more])


def test_prints_the_best_first_and_keeps_every_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "runs.csv"
    assert search(store, "--learning-rates", "0.0001", "0.1") == 0
    table = capsys.readouterr().out.splitlines()
    assert " 0.1 " in table[1]
    runs = pd.read_csv(store)
    assert sorted(runs["learning_rate"]) == [0.0001, 0.0001, 0.1, 0.1]
    assert runs["accuracy"].between(0, 1).all()


def test_does_not_train_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "runs.csv"
    assert search(store, "--learning-rates", "0.1") == 0
    trained = []
    monkeypatch.setattr(
        tune.Candidate, "accuracy", lambda self, context: trained.append(self.learning_rate) or 0.5
    )
    assert search(store, "--learning-rates", "0.1", "0.3") == 0
    assert trained == [0.3, 0.3]


def test_diverged_training_counts_as_nothing(tmp_path: Path) -> None:
    store = tmp_path / "runs.csv"
    assert search(store, "--learning-rates", "1e30") == 0
    assert list(pd.read_csv(store)["accuracy"]) == [0.0, 0.0]


def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tune.main(["--dataset", "wime", "--model", "mlp", "--csv", str(tmp_path / "x")]) == 2
    assert "did you mean 'wine'?" in capsys.readouterr().err


def test_best_of_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "runs.csv"
    assert search(store, "--learning-rates", "0.0001", "0.1") == 0
    capsys.readouterr()
    assert tune.main(["--best", "--csv", str(store)]) == 0
    (row,) = capsys.readouterr().out.splitlines()[2:]
    assert row.startswith("| wine | 1 | mlp | 16 | 0.1 | ")
    assert row.endswith(" | 2 | 2 |")
