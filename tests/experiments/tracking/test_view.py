"""The view of MLflow's table of runs that the printed address names."""

import json
from pathlib import Path

from experiments.tracking.store import open_experiment
from experiments.tracking.tracker import client
from experiments.tracking.view import TAG, view_state


def test_an_experiment_that_is_opened_has_the_view(tmp_path: Path) -> None:
    uri, experiment = open_experiment(f"sqlite:///{tmp_path}/runs.db", "mine")
    store = client(uri)
    assert store.get_experiment(experiment).tags[TAG] == view_state()
    store.set_experiment_tag(experiment, TAG, "of another version")
    assert open_experiment(uri, "mine") == (uri, experiment)
    assert store.get_experiment(experiment).tags[TAG] == view_state()


def test_its_columns_are_named_as_mlflow_names_them() -> None:
    state = json.loads(view_state())
    assert "params.`dataset`" in state["selectedColumns"]
    assert "metrics.`f1/self_influence`" in state["selectedColumns"]
