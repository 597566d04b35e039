"""Acting on an audit: decisions, the repaired copy, and what it gains."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from audit_standin import WRONG
from PIL import Image

from common.csv_safety import write_csv
from common.errors import UserError
from experiments.audit.input.data import read
from experiments.commands.repair import main
from experiments.datasets.lookup import source_for
from experiments.repair.decisions import Decisions, propose, read_decisions, validated
from experiments.repair.gain import Gain
from experiments.repair.rewrite import Repaired, target_of, write_repaired
from experiments.training.context import TrialContext


def audit_run(store: str, data: Path) -> str:
    client = mlflow.MlflowClient(store)
    runs = client.search_runs(["0"], f"tags.`audit.data` = '{data}'")
    return str(runs[0].info.run_id)


def test_proposals(suspicions: pd.DataFrame) -> None:
    table = pd.DataFrame(
        {
            "row": [5, 6, 7, 8, 9],
            "label": ["a"] * 5,
            "probability": [0.9] * 5,
            "flagged": [True, True, True, True, False],
            "kind": ["label_error", "label_error", "corrupted", "rare_cluster", "hard"],
            "expected_label": ["b", None, "a", None, "b"],
        }
    )
    assert propose(table).to_numpy().tolist() == [
        [5, "relabel", "b", 0.9],
        [6, "drop", "", 0.9],
        [7, "drop", "", 0.9],
        [8, "keep", "", 0.9],
    ]
    assert set(propose(suspicions)["action"]) <= {"relabel", "drop"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["9999,drop,,0.5"], "row must be a whole number in 0..177, got '9999'"),
        (["1,delete,,0.5"], "action must be one of keep, relabel, drop, got 'delete' for row 1"),
        (["1,relabel,blue,0.5"], "row 1 has the unknown new_label 'blue'"),
        (["1,drop,,0.5", "1,keep,,0.5"], "row 1 has more than one decision"),
        (["x,drop,,0.5"], "row must be a whole number in"),
    ],
)
def test_decisions_that_will_not_do(
    rows: list[str], message: str, table: Path, tmp_path: Path
) -> None:
    data = read(str(table), "kind", None, TrialContext(None, tmp_path)).train
    path = tmp_path / "d.csv"
    path.write_text("\n".join(["row,action,new_label,probability", *rows]))
    with pytest.raises(UserError, match="(?s)" + re.escape(message)):
        validated(read_decisions(path), data, str(path))


def test_labels_like_formulas_come_back_from_the_decisions_file(tmp_path: Path) -> None:
    x, labels = np.arange(20.0).reshape(10, 2), ["=1+1", "-1", "'@b", "a", "a"]
    pd.DataFrame({"x": x[:, 0], "label": labels * 2}).to_csv(tmp_path / "t.csv", index=False)
    data = read(str(tmp_path / "t.csv"), None, None, TrialContext(None, tmp_path)).train
    table = pd.DataFrame(
        {"row": [0, 1, 2], "action": "relabel", "new_label": ["'@b", "=1+1", "-1"]}
    )
    write_csv(table, tmp_path / "d.csv")
    assert "\n1,relabel,'=1+1\n" in (tmp_path / "d.csv").read_text()
    found = validated(read_decisions(tmp_path / "d.csv"), data, "d")
    assert [data.class_names[label] for label in found.labels] == ["'@b", "=1+1", "-1"]


def test_random_decisions_are_as_many_and_change_every_label() -> None:
    labels = np.arange(60) % 3
    some = Decisions(np.arange(7), (labels[:7] + 1) % 3, np.arange(10, 14))
    other = some.shuffled(labels, 3, np.random.default_rng(0))
    assert len(other.relabelled) == 7
    assert len(other.dropped) == 4
    assert not set(other.relabelled) & set(other.dropped)
    assert (labels[other.relabelled] != other.labels).all()


DECISIONS = Decisions(np.array([0, 1]), np.array([2, 0]), np.array([3]))


def repaired(path: Path, label: str | None, out: Path) -> Path:
    data = read(str(path), label, None, TrialContext(None, out)).train
    kept, labels = DECISIONS.apply(data.y)
    source = source_for(str(path), None)
    return write_repaired(source, Repaired(data, label, kept, labels), target_of(source, out))


def test_a_table_keeps_its_form(table: Path, tmp_path: Path) -> None:
    before = table.read_bytes()
    changed = pd.read_csv(repaired(table, "kind", tmp_path))
    given = pd.read_csv(table)
    assert table.read_bytes() == before
    assert list(changed.columns) == list(given.columns)
    assert len(changed) == len(given) - 1
    names = sorted(given["kind"].unique())
    assert changed["kind"][:2].tolist() == [names[2], names[0]]
    assert changed.iloc[3:]["ash"].tolist() == given.iloc[4:]["ash"].tolist()


@pytest.mark.parametrize("y", [np.arange(30) % 3 + 5, np.array(["p", "q", "r"])[np.arange(30) % 3]])
def test_arrays_keep_their_form(y: np.ndarray, tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((30, 4))
    np.savez(tmp_path / "a.npz", x=x, y=y)
    with np.load(repaired(tmp_path / "a.npz", None, tmp_path), allow_pickle=False) as stored:
        assert (stored["x"] == np.delete(x, 3, axis=0)).all()
        assert stored["y"][:3].tolist() == [y[2], y[0], y[2]]
        assert stored["y"].dtype == y.dtype


def test_images_move_to_the_folder_of_their_new_label(images: Path, tmp_path: Path) -> None:
    root = repaired(images, None, tmp_path)
    files = source_for(str(images), None).image_paths()
    names = sorted(folder.name for folder in images.iterdir())
    assert (root / names[2] / files[0].name).read_bytes() == files[0].read_bytes()
    assert not (root / files[3].relative_to(images)).exists()
    assert sum(1 for file in root.rglob("*") if file.is_file()) == 299
    with pytest.raises(UserError, match="exists already"):
        repaired(images, None, tmp_path)


def test_listed_images_get_a_new_list(tmp_path: Path) -> None:
    rows = []
    for i in range(12):
        Image.fromarray(np.full((4, 4), i, np.uint8)).save(tmp_path / f"{i} ä.png")
        rows.append(f"{i} ä.png,{'abc'[i % 3]}")
    (tmp_path / "list.csv").write_text("\n".join(["file,label", *rows]))
    out = tmp_path / "out"
    out.mkdir()
    changed = pd.read_csv(repaired(tmp_path / "list.csv", None, out))
    assert changed["label"][:3].tolist() == ["c", "a", "c"]
    assert (out / "repaired" / "11 ä.png").exists()
    assert not (out / "repaired" / "3 ä.png").exists()


def test_what_a_gain_says() -> None:
    def said(repaired: list[float]) -> str:
        columns = {"dirty": [0.8, 0.81, 0.79], "randomly repaired": [0.78, 0.79, 0.77]}
        return Gain(pd.DataFrame(columns | {"repaired": repaired})).sentence()

    assert said([0.9, 0.91, 0.9]).startswith("The repair helps: +10.3 points (+")
    assert said([0.8, 0.83, 0.77]).startswith("No significant gain in 3 trainings")
    assert said([0.7, 0.71, 0.69]).startswith("The repair lowers accuracy: -10.0 points")


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
    assert found.loc["dirty", ["gain", "gain_low", "gain_high"]].tolist() == [0, 0, 0]
    assert (found["low"] <= found["accuracy"]).all()
    decisions = pd.read_csv(tmp_path / "decisions.csv")
    flagged = pd.read_parquet(audited_table / "suspicions.parquet")["flagged"].sum()
    assert len(decisions) == flagged
    assert len(pd.read_csv(tmp_path / "repaired.csv")) <= len(given)


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
