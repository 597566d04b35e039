"""The columns of MLflow's table of runs, stored with an experiment as one of its shared views.

MLflow shows such a view when the address of the page names its key; it shows the runs with the
user's own columns otherwise.
"""

from __future__ import annotations

import json
from typing import Final

from experiments import schema
from influence.signals import PAPER

KEY: Final = "influence"
TAG: Final = f"mlflow.sharedViewState.{KEY}"
_PARAMS: Final = ("dataset", "model", "glitch", "ratio", "seed")
_METRICS: Final = (*(f"{schema.F1}/{signal}" for signal in PAPER), "flagged", "expected_errors")


def view_state() -> str:
    """What MLflow stores of a view: the newest runs first, what identifies a trial, the F1 of the
    paper's signals, and what an audit has found."""
    columns = [
        *(f"params.`{name}`" for name in _PARAMS),
        *(f"metrics.`{name}`" for name in _METRICS),
    ]
    return json.dumps(
        {"orderByKey": "attributes.start_time", "orderByAsc": False, "selectedColumns": columns}
    )


def runs_page(server: str, experiment_id: str) -> str:
    """The address of an experiment's runs on an MLflow server, in the view of this module.

    Without the first parameter MLflow opens its view for agents, which shows none of them.

    >>> runs_page("http://127.0.0.1:5000", "0")
    'http://127.0.0.1:5000/#/experiments/0/runs?workflowType=machine_learning&viewStateShareKey=influence'
    """
    return (
        f"{server.rstrip('/')}/#/experiments/{experiment_id}/runs"
        f"?workflowType=machine_learning&viewStateShareKey={KEY}"
    )
