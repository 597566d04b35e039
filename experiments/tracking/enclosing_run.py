"""The run that ``mlflow run`` opens around a command: used as the command's own where it can be."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass

from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME, MLFLOW_RUN_NOTE

from common.errors import UserError
from experiments.tracking.retry import TrackingError
from experiments.tracking.tracker import Tracker, client
from experiments.tracking.uri import absolute, default_uri, without_secrets

DEFAULT_EXPERIMENT = "Default"
"""MLflow's own, where ``mlflow run`` puts its run unless it is told otherwise."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surrounding:
    """What ``mlflow run`` left in the environment.

    Attributes:
        uri: absolute URI of its store.
        run_id: of the run that it opened, ``None`` where there is none.
        experiment_id: of that run.
    """

    uri: str
    run_id: str | None = None
    experiment_id: str | None = None

    @classmethod
    def taken(cls) -> Surrounding:
        """Take it out of the environment: a worker that inherits it would log into that run."""
        run_id = os.environ.pop("MLFLOW_RUN_ID", None)
        experiment_id = os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
        return cls(absolute(default_uri()), run_id, experiment_id)

    def check(self, tracking_uri: str | None) -> None:
        """Raise ``UserError`` where the user's tracking URI holds a password that ``mlflow run``
        has logged, as it logs every parameter."""
        if self.run_id and tracking_uri and without_secrets(tracking_uri) != tracking_uri:
            raise UserError(
                "mlflow run logs its parameters, and tracking_uri="
                f"{without_secrets(tracking_uri)} holds a password: give it by "
                f"MLFLOW_TRACKING_URI, and delete run {self.run_id}, where it stands now"
            )

    def default_experiment(self) -> str:
        """The experiment where the user names none: that of the surrounding run, or MLflow's."""
        if self.experiment_id is not None:
            with suppress(MlflowException):
                return str(client(self.uri).get_experiment(self.experiment_id).name)
        return os.environ.get("MLFLOW_EXPERIMENT_NAME") or DEFAULT_EXPERIMENT

    def adopted(self, tracker: Tracker, experiment: str) -> str | None:
        """The run's id, if it lies where the command writes; if not, the run is given a note that
        says where that is, since ``mlflow run`` wants to end it and it can therefore not be
        removed."""
        if self.run_id is None:
            return None
        if (tracker.uri, tracker.experiment_id) == (self.uri, self.experiment_id):
            return self.run_id
        store = without_secrets(tracker.uri)
        tags = {
            MLFLOW_RUN_NAME: "launch",
            MLFLOW_RUN_NOTE: f"The runs are in experiment `{experiment}` of `{store}`.",
        }
        try:
            Tracker(self.uri, self.experiment_id or "0", patience=0.0).annotate(self.run_id, tags)
        except TrackingError as error:
            _log.debug("no note on the run of mlflow run: %s", error)
        return None
