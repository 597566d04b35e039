from pathlib import Path

import pytest

from common.errors import UserError
from experiments.doctor.checks import Finding, Setup, check
from experiments.tracking.outbox import Outbox
from experiments.tracking.tracker import client
from experiments.training.context import TrialContext


@pytest.fixture(autouse=True)
def own_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_SPOOL", str(tmp_path / "spool"))


def found(
    uri: str, root: Path | None, cache: Path, ray: str | None = "1 node"
) -> dict[str, Finding]:
    def start() -> str:
        if ray is None:
            raise UserError("no Ray cluster answers")
        return ray

    setup = Setup(TrialContext(root, cache), uri, "Default", start)
    return {finding.topic: finding for finding in check(setup)}


def test_a_sound_machine(store_uri: str, tmp_path: Path) -> None:
    findings = found(store_uri, None, tmp_path / "cache")
    assert {f.topic for f in findings.values() if f.mark == "bad"} <= {"machine", "libraries"}
    assert findings["tracking store"].mark == "good"
    assert findings["digits"].text.startswith("readable, digest ")
    assert findings["mnist"].mark == "note"
    assert findings["weights of resnet20"].mark == "note"
    assert client(store_uri).search_runs(["0"]) == []


def test_what_is_wrong_is_said_with_what_to_do(store_uri: str, tmp_path: Path) -> None:
    root = tmp_path / "data"
    weights = root / "weights" / "resnet20-12fca82f.th"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"other")
    Outbox.of(store_uri, "Default").add(b"a result")
    findings = found(store_uri, root, tmp_path / "cache", ray=None)
    assert "sha256 must be" in findings["weights of resnet20"].text
    assert "1 results" in findings["outbox"].text
    assert findings["Ray"] == Finding("Ray", "bad", "no Ray cluster answers")


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/none.db"
    assert found(uri, None, tmp_path / "cache")["tracking store"].mark == "note"
    assert not (tmp_path / "none.db").exists()


def test_a_store_that_does_not_answer(tmp_path: Path) -> None:
    finding = found("http://127.0.0.1:1", None, tmp_path / "cache")["tracking store"]
    assert finding.mark == "bad"
    assert "cannot be used" in finding.text
