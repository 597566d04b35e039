"""An experiment that a command writes to: opened, tidied and read once, before anything runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from common.errors import UserError
from experiments import schema
from experiments.tracking.outbox import Spool
from experiments.tracking.provenance import code_version
from experiments.tracking.queries import FinishedRun, close_orphans, finished_runs
from experiments.tracking.retry import TrackingError
from experiments.tracking.store import find_experiment, open_experiment
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import absolute, without_secrets

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Session:
    """What a command knows of its experiment.

    Attributes:
        tracker: writes to it.
        spool: of results that cannot be logged.
        finished: its finished trials, oldest first.
        delivered: how many spooled results of earlier starts were logged.
        closed: names of the runs that dead processes had left RUNNING.
    """

    tracker: Tracker
    spool: Spool
    finished: list[FinishedRun]
    delivered: int = 0
    closed: tuple[str, ...] = ()


def open_session(uri: str, experiment: str, tags: dict[str, str]) -> Session:
    """Open the experiment for writing: created if need be, runs of dead processes closed, spooled
    results logged.

    Raises ``UserError`` where the store cannot be used.
    """
    uri, experiment_id = open_experiment(uri, experiment)
    tracker = Tracker(uri, experiment_id, tags={schema.CODE_VERSION: code_version(), **tags})
    spool = Spool.of(uri, experiment)
    try:
        closed = close_orphans(tracker)
        delivered = spool.deliver(tracker)
        return Session(tracker, spool, finished_runs(tracker), delivered, tuple(closed))
    except TrackingError as error:
        raise UserError(f"tracking store {without_secrets(uri)}: {error}") from error


def read_finished(uri: str, experiment: str) -> list[FinishedRun]:
    """The finished trials of the experiment; nothing is created or changed."""
    experiment_id = find_experiment(uri, experiment)
    if experiment_id is None:
        return []
    return finished_runs(Tracker(absolute(uri), experiment_id, patience=0.0))
