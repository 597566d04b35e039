"""Every run is accounted for, and only those that count give numbers."""

import pandas as pd
import pytest
from run_writer import EPOCHS, SIGNAL_NAMES, Study, Writer

from analysis.choices import TABLES
from analysis.paper.tables import all_tables
from analysis.reading import frames as f
from analysis.reading.frames import Frames, build
from analysis.stats.view import View
from experiments import schema


@pytest.fixture(scope="module")
def frames(study: Study) -> Frames:
    store = study.store
    return build(store.runs(store.experiment("study")), store.history)


def test_each_run_has_the_state_it_deserves(frames: Frames, study: Study) -> None:
    state = frames.runs.set_index("run_id")["state"]
    for name in (f.FAILED, f.REPEATED, f.RUNNING, f.DUPLICATE, f.DELETED, f.FOREIGN, f.UNREADABLE):
        assert state[study.runs[name]] == name
    assert state[study.runs["digits/uniform_noise#1"]] == f.COUNTED
    assert state[study.runs["old"]] == f.COUNTED
    assert study.runs["parent"] not in state
    assert frames.left_out() == dict.fromkeys((s for s in f.STATES if s != f.COUNTED), 1)


def test_only_counted_runs_give_numbers(frames: Frames) -> None:
    counted = set(frames.trials["run_id"])
    assert set(frames.final["run_id"]) == counted
    assert set(frames.curves["run_id"]) == counted
    assert not frames.trials["spec_hash"].duplicated().any()


def test_fields_of_the_spec_have_their_types(frames: Frames) -> None:
    trial = frames.trials.iloc[0]
    assert isinstance(trial["ratio"], float)
    assert trial["seed"] == 0
    assert trial["pretrained"] is False
    assert pd.isna(trial["label"])
    assert "label" in frames.spec_columns
    assert "run_id" not in frames.spec_columns


def test_fields_added_later_have_the_value_that_earlier_trials_had(frames: Frames) -> None:
    assert (frames.trials["truth"] == False).all()  # noqa: E712 - neither missing nor an object


def test_curves_from_tags_equal_those_from_histories(frames: Frames, study: Study) -> None:
    run = study.runs["digits/uniform_noise#0"]
    curves = frames.curves[frames.curves["run_id"] == run].set_index(["metric", "series", "epoch"])
    for signal in SIGNAL_NAMES:
        points = study.store.history(run, f"{schema.EPOCH_F1}/{signal}")
        assert [step for step, _ in points] == list(range(1, EPOCHS + 1))
        for step, value in points:
            assert curves.at[(schema.EPOCH_F1, signal, step), "value"] == pytest.approx(value)


def test_a_run_without_curve_tags_is_read_from_its_history(frames: Frames, study: Study) -> None:
    old = frames.curves[frames.curves["run_id"] == study.runs["old"]]
    f1 = old[old["metric"] == schema.EPOCH_F1]
    assert sorted(f1["series"].unique()) == sorted(SIGNAL_NAMES[:2])
    assert f1.groupby("series")["epoch"].apply(list).map(lambda e: e == [1, 2, 3]).all()


def test_histories_are_asked_only_where_tags_lack(frames: Frames, study: Study) -> None:
    asked: list[str] = []

    def history(run_id: str, _metric: str) -> list[tuple[int, float]]:
        asked.append(run_id)
        return []

    store = study.store
    assert not build(store.runs(store.experiment("study")), history).curves.empty
    assert set(asked) == {study.runs["old"]}


def test_all_tables_take_one_search(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request a run: but for one run without curve tags, whose histories must be asked for."""
    store = study.store
    requests: list[str] = []
    for name in ("search_runs", "get_run", "get_metric_history", "download_artifacts"):
        original = getattr(store.client, name)

        def spy(*args: object, _name: str = name, _call: object = original, **kw: object) -> object:
            requests.append(_name)
            return _call(*args, **kw)  # type: ignore[operator]  # a method

        monkeypatch.setattr(store.client, name, spy)
    tables = all_tables(build(store.runs(store.experiment("study")), store.history), View())
    assert len(tables) == len(TABLES)
    old_curves = 2 + 3
    assert requests == ["search_runs"] + ["get_metric_history"] * old_curves


def test_an_empty_experiment_gives_empty_frames(writer: Writer) -> None:
    writer.experiment("nothing")
    empty = build([], lambda *_: [])
    assert empty.trials.empty
    assert empty.curves.empty
    assert list(empty.final.columns) == f.FINAL_COLUMNS
