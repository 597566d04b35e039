"""Passwords of tracking URIs reach no message, log, tag or file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_trial import spec

from common.errors import UserError
from experiments.commands.grid import main as grid
from experiments.execution.job import Task
from experiments.execution.worker import Worker
from experiments.tracking.outbox import Outbox
from experiments.tracking.retry import TrackingError
from experiments.tracking.store import check_answers
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import without_secrets

HUSH = "hush-hush"
AWAY = f"http://ada:{HUSH}@127.0.0.1:1"


@pytest.mark.parametrize(
    "uri",
    [
        AWAY,
        f"http://:{HUSH}@127.0.0.1:1",
        f"postgresql://ada:{HUSH}@127.0.0.1:1/runs",
        f"postgresql+psycopg://127.0.0.1:1/runs?user=ada&password={HUSH}",
        f"postgresql://127.0.0.1:1/runs?sslpassword={HUSH}&sslmode=require",
    ],
)
def test_a_store_that_does_not_answer_is_named_without_its_password(uri: str) -> None:
    with pytest.raises(UserError, match=r"127\.0\.0\.1:1") as raised:
        check_answers(uri)
    assert HUSH not in str(raised.value)
    assert HUSH not in without_secrets(f"an error with {uri!r} in its text")


def test_what_is_no_secret_is_kept() -> None:
    for text in ("sqlite:////data/runs.db", "http://runs.example.org:5000/a@b", "at 12:30@home"):
        assert without_secrets(text) == text


def test_a_trial_whose_store_is_away_keeps_the_password_to_itself(
    worker: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = Worker(replace(worker.job, tracker=Tracker(AWAY, "0", patience=0.0)))
    outcome = away.run(Task(spec(1)))
    assert outcome.parcel is not None
    assert outcome.error is not None
    assert "127.0.0.1:1" in outcome.error
    assert HUSH not in outcome.error
    spool = Outbox.of(AWAY, "study", tmp_path)
    spool.add(outcome.parcel)
    assert spool.deliver(away.job.tracker) == 0
    assert HUSH.encode() not in outcome.parcel
    assert HUSH not in str(spool.folder)
    assert HUSH not in caplog.text
    assert "127.0.0.1:1" in caplog.text


def test_a_fault_of_the_store_is_told_without_its_password() -> None:
    with pytest.raises(TrackingError) as raised:
        Tracker(AWAY, "0", patience=0.0).runs_of("x")
    assert HUSH not in str(raised.value)


def test_a_password_that_mlflow_run_has_logged_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "0123")
    assert grid(["--grid", "quick", "--tracking-uri", AWAY]) == 2
    said = capsys.readouterr().err
    assert "delete run 0123" in said
    assert HUSH not in said
