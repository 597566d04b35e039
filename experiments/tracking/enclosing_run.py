"""The run that ``mlflow run`` opens around a command, which the command uses where it can."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME, MLFLOW_RUN_NOTE

from common.errors import UserError
from experiments.tracking.retry import TrackingError
from experiments.tracking.tracker import Tracker, client
from experiments.tracking.uri import absolute, default_uri, without_secrets

DEFAULT_EXPERIMENT: Final = "Default"
"""MLflow's own experiment, which ``mlflow run`` uses unless it is given another one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EnclosingRun:
    """What ``mlflow run`` has put into the environment.

    Attributes:
        uri: absolute URI of its store.
        run_id: of the run that it opened, ``None`` without ``mlflow run``.
        experiment_id: of that run.
    """

    uri: str
    run_id: str | None = None
    experiment_id: str | None = None

    @classmethod
    def from_environment(cls) -> EnclosingRun:
        """Remove it from the environment: a worker that inherited it would log into that run."""
        run_id = os.environ.pop("MLFLOW_RUN_ID", None)
        experiment_id = os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
        return cls(absolute(default_uri()), run_id, experiment_id)

    def check(self, tracking_uri: str | None) -> None:
        """Raise ``UserError`` if ``mlflow run``, which logs every parameter, has logged a URI with
        a password."""
        if self.run_id and tracking_uri and without_secrets(tracking_uri) != tracking_uri:
            raise UserError(
                "mlflow run logs its parameters, and tracking_uri="
                f"{without_secrets(tracking_uri)} holds a password: set MLFLOW_TRACKING_URI "
                f"instead, and delete run {self.run_id}, which holds the password now"
            )

    def default_experiment(self) -> str:
        """The experiment if the user names none: that of the enclosing run, or MLflow's."""
        if self.experiment_id is not None:
            with suppress(MlflowException):
                return str(client(self.uri).get_experiment(self.experiment_id).name)
        return os.environ.get("MLFLOW_EXPERIMENT_NAME") or DEFAULT_EXPERIMENT

    def adopted(self, tracker: Tracker, experiment: str) -> str | None:
        """The id of the run, if it is in the experiment that the command writes to.

        Otherwise the run gets a note that names that experiment: ``mlflow run`` ends the run
        itself, so it cannot be deleted.
        """
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
