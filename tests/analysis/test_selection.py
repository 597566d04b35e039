"""Choosing runs, and what a user is told where there are none."""

from pathlib import Path
from typing import Any

import pytest
from run_writer import Study, Writer

from analysis.reading.selection import left_out_note, select
from analysis.reading.store import Store
from common.errors import UserError

CELL: dict[str, Any] = {
    "dataset": "digits",
    "model": "resnet20",
    "glitch": "uniform_noise",
    "ratio": 0.1,
}


def test_without_a_name_the_newest_grid_is_taken(writer: Writer) -> None:
    first = writer.experiment("first")
    writer.trial(first, writer.grid(first, "one"), seed=0, **CELL)
    second = writer.experiment("second")
    newest = writer.grid(second, "two")
    wanted = writer.trial(second, newest, seed=0, **CELL)
    writer.trial(second, None, seed=1, **CELL)
    found = select(Store(writer.uri))
    assert (found.experiment, found.grid) == ("second", "two")
    assert list(found.frames.trials["run_id"]) == [wanted]
    assert len(select(Store(writer.uri), "second").frames.trials) == 2


def test_a_grid_counts_trials_that_an_earlier_grid_ran(writer: Writer) -> None:
    experiment = writer.experiment("shared")
    early = writer.grid(experiment, "early")
    runs = [writer.trial(experiment, early, seed=seed, **CELL) for seed in range(3)]
    hashes = [writer.client.get_run(run).data.tags["spec_hash"] for run in runs[:2]]
    writer.grid(experiment, "late", hashes)
    found = select(Store(writer.uri), grid="late")
    assert list(found.frames.trials["run_id"]) == runs[:2]


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (["dataset=wine"], 9),
        (["dataset=wine,glitch=none"], 3),
        (["dataset=wine,dataset=digits", "seed=0"], 8),
        (["ratio=0.3"], 1),
    ],
)
def test_filters(study: Study, only: list[str], count: int) -> None:
    found = select(study.store, "study", only=only)
    assert len(found.frames.trials) == count
    assert found.narrowed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"experiment": "stduy"}, "no experiment 'stduy' .* 'empty', 'study'"),
        ({"experiment": "empty"}, "has no trial; fill it with: python -m experiments.grid"),
        ({"experiment": "study", "grid": "sutdy"}, "unknown grid 'sutdy' .*'study'"),
        ({"experiment": "study", "only": ["datset=wine"]}, "unknown trial field 'datset'"),
        ({"experiment": "study", "only": ["dataset=cifar"]}, "there are: digits, wine"),
        ({"experiment": "study", "only": ["wine"]}, "field=value, got 'wine'"),
        ({"experiment": "study", "only": ["seed=7"]}, "no finished trial; its runs: 1 running"),
    ],
)
def test_what_is_not_there_is_named(study: Study, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        select(study.store, **arguments)
    assert "\n" not in str(caught.value)


def test_a_store_without_a_grid_says_how_to_run_one(writer: Writer) -> None:
    with pytest.raises(UserError, match=r"no grid.*experiments\.grid"):
        select(Store(writer.uri))


def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(UserError, match="no tracking store at"):
        Store(f"sqlite:///{path}")
    assert not path.exists()


def test_a_store_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(UserError, match=r"http://ada:\*\*\*@127\.0\.0\.1:9 cannot be used"):
        Store("http://ada:secret@127.0.0.1:9")


def test_what_is_left_out_is_said(study: Study) -> None:
    note = left_out_note(select(study.store, "study"))
    for state in ("running", "failed", "duplicate", "deleted", "foreign"):
        assert f"1 {state} (" in note


def test_artifacts_that_are_missing_are_none(study: Study) -> None:
    store = study.store
    assert store.artifact(study.runs["old"], "scores.parquet") is None
    assert store.artifact(study.runs["wine/none#0"], "scores.parquet") is not None
