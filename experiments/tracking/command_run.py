"""Audits and repairs in MLflow: one run each."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.errors import UserError
from experiments import schema
from experiments.tracking.enclosing_run import EnclosingRun
from experiments.tracking.heartbeat import kept_alive
from experiments.tracking.process import owner_tags
from experiments.tracking.provenance import code_version
from experiments.tracking.record import RunRecord, now_ms
from experiments.tracking.retry import TrackingError
from experiments.tracking.store import check_answers, open_experiment
from experiments.tracking.tracker import PATIENCE, Tracker
from experiments.tracking.uri import absolute, without_secrets
from experiments.trial.result import DatasetIdentity

KIND_AUDIT: Final = "audit"
KIND_REPAIR: Final = "repair"
LAST_PATIENCE: Final = 5.0
"""Seconds of retries for marking a run as FAILED, while the error waits to be reported."""


@dataclass
class CommandRun:
    """The run of a command that is under way.

    Attributes:
        tracker: writes to it.
        run_id: in MLflow.
        problem: one line that says why the results are not in MLflow, ``None`` if they are.
    """

    tracker: Tracker
    run_id: str
    problem: str | None = "the results were not logged"

    def log(
        self, metrics: Mapping[str, float], folder: Path, data: DatasetIdentity | None = None
    ) -> None:
        """Log final metrics, the files of ``folder`` and the data, and end the run as FINISHED.

        Call it last, after the results have been delivered to the user: a run is FINISHED only if
        its results exist. If the store fails, :attr:`problem` says why, and nothing is raised.
        """
        try:
            self.tracker.measure(self.run_id, metrics)
            self.tracker.store(self.run_id, folder)
            if data is not None:
                self.tracker.describe(self.run_id, data)
            self.tracker.end(self.run_id, "FINISHED")
        except TrackingError as error:
            self.problem = f"not logged to the tracking store: {error}"
        else:
            self.problem = None

    def exit_status(self) -> int:
        """0, or 1 after printing one line to the standard error if the results were not logged."""
        if self.problem is None:
            return 0
        print(self.problem, file=sys.stderr)
        return 1


@contextmanager
def command_run(
    uri: str, experiment: str | None, name: str, kind: str, params: Mapping[str, str]
) -> Iterator[CommandRun]:
    """Open the run of a command: that of ``mlflow run``, if there is one, or a new one.

    The process owns the run and sends heartbeats during the block. A block that raises, or that
    does not call :meth:`CommandRun.log`, leaves the run FAILED.

    Raises ``UserError`` if the store cannot be used, before the block starts.
    """
    enclosing = EnclosingRun.from_environment()
    check_answers(absolute(uri))
    chosen = experiment or enclosing.default_experiment()
    store, experiment_id = open_experiment(uri, chosen)
    tracker = Tracker(
        store, experiment_id, tags={schema.CODE_VERSION: code_version()}, patience=PATIENCE
    )
    tags = {schema.KIND: kind, **owner_tags()}
    tags |= {f"{kind}.{key}": value for key, value in params.items()}
    try:
        run_id = enclosing.adopted(tracker, chosen)
        if run_id is None:
            run_id = tracker.start(RunRecord(name, "", now_ms(), params, tags))
        else:
            tracker.annotate(run_id, {**tags, **(tracker.tags or {}), "mlflow.runName": name})
    except TrackingError as error:
        raise UserError(f"tracking store {without_secrets(store)}: {error}") from error
    run = CommandRun(tracker, run_id)
    try:
        with kept_alive(tracker, run_id):
            yield run
    finally:
        if run.problem is not None:
            with suppress(TrackingError):
                tracker.hasty(LAST_PATIENCE).end(run_id, "FAILED")
