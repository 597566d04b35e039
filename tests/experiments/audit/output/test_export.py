"""Suspects for annotation tools, and decisions that come back from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from audit_standin import WRONG, diagnose
from PIL import Image
from sklearn.datasets import load_digits, load_wine

from common.errors import UserError
from experiments.audit import AuditResult, audit, load
from experiments.commands.audit import main
from experiments.repair.decisions import read_decisions, validated
from experiments.training.context import TrialContext

CLASSES = ["no <cat>", "one", "two"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of digits 0 to 2, one in twenty under a wrong label."""
    digits, folder = load_digits(), tmp_path_factory.mktemp("data") / "photos"
    for place, row in enumerate(np.flatnonzero(digits.target < 3)[:300]):
        label = CLASSES[(int(digits.target[row]) + (place in WRONG)) % 3]
        (folder / label).mkdir(parents=True, exist_ok=True)
        pixels = (digits.images[row] * 15).astype(np.uint8)
        Image.fromarray(pixels).save(folder / label / f"{place} #ü.png")
    return folder


@pytest.fixture(scope="module")
def result(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> AuditResult:
    context = TrialContext(None, tmp_path_factory.mktemp("cache"))
    return audit(photos, model="small_convnet", context=context, diagnose=diagnose)


@pytest.fixture(scope="module")
def of_table(tmp_path_factory: pytest.TempPathFactory) -> AuditResult:
    wine = load_wine(as_frame=True)
    context = TrialContext(None, tmp_path_factory.mktemp("cache"))
    options: dict[str, Any] = {"model": "softmax_regression", "diagnose": diagnose}
    return audit(wine.data, wine.target, context=context, **options)


def annotated(tasks: list[dict[str, Any]], choices: list[dict[str, list[str]]]) -> str:
    """Label Studio's JSON export: each task with an annotation of these choices."""
    exported = []
    for number, (task, chosen) in enumerate(zip(tasks, choices, strict=False), start=1):
        regions = [
            {
                "id": f"r{number}",
                "from_name": name,
                "to_name": "sample",
                "type": "choices",
                "origin": "manual",
                "value": {"choices": values},
            }
            for name, values in chosen.items()
        ]
        annotation = {
            "id": 1000 + number,
            "completed_by": 1,
            "result": regions,
            "was_cancelled": not regions,
            "ground_truth": False,
            "created_at": "2024-03-09T22:16:08.728353Z",
            "lead_time": 4.2,
        }
        exported.append({**task, "id": number, "annotations": [annotation], "project": 1})
    return json.dumps(exported)


def test_decisions_come_back_from_label_studio(
    result: AuditResult, photos: Path, tmp_path: Path
) -> None:
    folder = result.export("labelstudio", tmp_path / "ls")
    tasks = json.loads((folder / "tasks.json").read_text())
    rows = [task["data"]["row"] for task in tasks]
    assert int(result.table["flagged"].sum()) <= len(rows) < len(result.table)
    assert rows == result.table["row"].tolist()[: len(rows)]
    for task, sample in zip(tasks, result.table.to_dict("records"), strict=False):
        shown = task["data"]["sample"]
        assert shown.startswith("/data/local-files/?d=")
        assert (photos / unquote(shown.partition("=")[2])).is_file()
        (prediction,) = task["predictions"]
        assert prediction["score"] == sample["probability"]
        assert prediction["result"][0]["value"]["choices"] == [sample["expected_label"]]

    config = ElementTree.parse(folder / "config.xml").getroot()  # noqa: S314  # our own file
    names = {tag.get("name") for tag in config}
    assert {prediction["result"][0]["from_name"], "action", "sample"} <= names
    assert [c.get("value") for c in config.findall("Choices[@name='label']/Choice")] == CLASSES

    given = [task["data"]["given_label"] for task in tasks]
    other = next(name for name in CLASSES if name != given[1])
    choices = [
        {"label": [given[0]]},
        {"label": [other]},
        {"label": [given[2]], "action": ["drop"]},
        {},
    ]
    path = tmp_path / "export.json"
    path.write_text(annotated(tasks, choices))
    decisions = read_decisions(path)
    assert decisions.to_numpy().tolist() == [
        [str(rows[0]), "keep", ""],
        [str(rows[1]), "relabel", other],
        [str(rows[2]), "drop", ""],
    ]
    assert result.data is not None
    assert validated(decisions, result.data.train, "export").dropped.tolist() == [rows[2]]


def test_tables_are_exported_with_their_features(of_table: AuditResult, tmp_path: Path) -> None:
    folder = of_table.export("labelstudio", tmp_path / "ls")
    tasks = json.loads((folder / "tasks.json").read_text())
    assert "<Table " in (folder / "config.xml").read_text()
    for task in tasks:
        assert task["data"]["sample"]["alcohol"] > 0
    with pytest.raises(UserError, match="is for images"):
        of_table.export("fiftyone", tmp_path / "fo")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ls"]


def test_the_layout_of_fiftyone(result: AuditResult, photos: Path, tmp_path: Path) -> None:
    folder = result.export("fiftyone", tmp_path / "fo")
    given, expected = (
        json.loads((folder / f"{n}.json").read_text()) for n in ("labels", "expected")
    )
    assert given["classes"] == CLASSES
    files = {path.stem: path for path in (folder / "data").iterdir()}
    assert set(files) == set(given["labels"]) == set(expected["labels"])
    for sample in result.table.head(len(files)).to_dict("records"):
        name = str(sample["row"])
        assert CLASSES[given["labels"][name]] == sample["label"]
        assert CLASSES[expected["labels"][name]] == sample["expected_label"]
        assert files[name].read_bytes() == (photos / sample["file"]).read_bytes()


@pytest.mark.slow
def test_images_in_memory_are_exported_while_they_are_there(tmp_path: Path) -> None:
    digits = load_digits(n_class=3)
    pixels = (digits.images * 15).astype(np.uint8)
    labels = digits.target.copy()
    labels[list(WRONG)] = (labels[list(WRONG)] + 1) % 3
    found = audit(
        pixels,
        labels,
        model="small_convnet",
        context=TrialContext(None, tmp_path / "cache"),
        diagnose=diagnose,
    )
    folder = found.export("fiftyone", tmp_path / "fo")
    exported = list((folder / "data").iterdir())
    assert len(exported) >= found.table["flagged"].sum() > 0
    for path in exported:
        np.testing.assert_array_equal(np.asarray(Image.open(path)), pixels[int(path.stem)])
    tasks = json.loads((found.export("labelstudio", tmp_path / "ls") / "tasks.json").read_text())
    assert tasks[0]["data"]["sample"].startswith("data:image/png;base64,")
    again = load(found.save(tmp_path / "saved"))
    with pytest.raises(UserError, match="not in memory"):
        again.export("fiftyone", tmp_path / "fo2")
    assert not list(tmp_path.glob("*fo2*"))


def test_the_command_exports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wine = load_wine(as_frame=True)
    labels = (wine.target + np.isin(np.arange(len(wine.target)), WRONG)) % 3
    wine.data.assign(label=labels).to_csv(tmp_path / "wine.csv", index=False)
    argv = ["--data", str(tmp_path / "wine.csv"), "--model", "softmax_regression"]
    argv += ["--export", "csv"]
    argv += ["--tracking-uri", f"sqlite:///{tmp_path}/mlflow.db", "--out", str(tmp_path / "out")]
    argv += ["--cache", str(tmp_path / "cache")]
    assert main(argv, diagnose) == 0
    suspects = pd.read_csv(tmp_path / "out" / "suspects.csv")
    table = pd.read_csv(tmp_path / "out" / "suspicions.csv")
    pd.testing.assert_frame_equal(suspects, table.head(len(suspects)))
    assert 0 < len(suspects) < len(table)
    capsys.readouterr()
    assert main(argv, diagnose) == 2
    assert "does not overwrite" in capsys.readouterr().err
    argv[argv.index("csv")] = "fiftyone"
    assert main(argv, diagnose) == 2
    assert "is for images" in capsys.readouterr().err


def test_what_cannot_be_exported(result: AuditResult, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="labelstudio, fiftyone, csv, got 'coco'"):
        result.export("coco", tmp_path / "x")
    (tmp_path / "there").mkdir()
    with pytest.raises(UserError, match="does not overwrite"):
        result.export("csv", tmp_path / "there")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nonsense", "not Label Studio's JSON export"),
        ('[{"id": 1, "sample": "x", "label": "one"}]', "JSON-MIN"),
        ('[{"data": {"image": "x"}, "annotations": []}]', "row Field required"),
        ('[{"data": {"row": 1, "given_label": "a"}, "annotations": []}]', "holds no decision"),
        (
            '[{"data": {"row": 7, "given_label": "a"}, "annotations": ['
            '{"result": [{"from_name": "label", "value": {"choices": ["a"]}}]},'
            '{"result": [{"from_name": "label", "value": {"choices": ["b"]}}]}]}]',
            "disagree on row 7",
        ),
    ],
)
def test_exports_that_hold_no_decisions(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(content)
    with pytest.raises(UserError, match=message) as raised:
        read_decisions(path)
    assert len(str(raised.value).splitlines()) == 1
