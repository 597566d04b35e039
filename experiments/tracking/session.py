"""An experiment that a command writes to, opened and tidied before anything runs."""

from __future__ import annotations

from dataclasses import dataclass

from common.errors import UserError
from experiments import schema
from experiments.tracking.outbox import Outbox
from experiments.tracking.provenance import code_version
from experiments.tracking.queries import FinishedRun, close_orphans, finished_runs
from experiments.tracking.retry import TrackingError
from experiments.tracking.store import find_experiment, open_experiment
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import absolute, without_secrets


@dataclass(frozen=True)
class Session:
    """What a command knows about its experiment.

    Attributes:
        tracker: writes to it.
        outbox: for results that cannot be logged.
        finished: its finished trials, oldest first.
        delivered: number of results of earlier starts that were logged from the outbox.
        closed: names of the runs that dead processes had left RUNNING.
    """

    tracker: Tracker
    outbox: Outbox
    finished: list[FinishedRun]
    delivered: int = 0
    closed: tuple[str, ...] = ()


def open_session(uri: str, experiment: str, tags: dict[str, str]) -> Session:
    """Open an experiment for writing.

    It is created if necessary, runs of dead processes are closed, and the results in the outbox
    are logged. Raises ``UserError`` if the store cannot be used.
    """
    uri, experiment_id = open_experiment(uri, experiment)
    tracker = Tracker(uri, experiment_id, tags={schema.CODE_VERSION: code_version(), **tags})
    outbox = Outbox.of(uri, experiment)
    try:
        closed = close_orphans(tracker)
        delivered = outbox.deliver(tracker)
        return Session(tracker, outbox, finished_runs(tracker), delivered, tuple(closed))
    except TrackingError as error:
        raise UserError(f"tracking store {without_secrets(uri)}: {error}") from error


def read_finished(uri: str, experiment: str) -> list[FinishedRun]:
    """The finished trials of an experiment; nothing is created or changed."""
    experiment_id = find_experiment(uri, experiment)
    if experiment_id is None:
        return []
    return finished_runs(Tracker(absolute(uri), experiment_id, patience=0.0))
