"""Audits and repairs in MLflow: one run each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from experiments import schema
from experiments.tracking.enclosing_run import Surrounding
from experiments.tracking.provenance import code_version
from experiments.tracking.record import RunRecord, now_ms
from experiments.tracking.store import check_answers, open_experiment
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import absolute

KIND_AUDIT = "audit"
KIND_REPAIR = "repair"


@dataclass
class Recording:
    """A run that is under way.

    Attributes:
        tracker: writes to it.
        run_id: in MLflow.
    """

    tracker: Tracker
    run_id: str

    def keep(self, metrics: Mapping[str, float], folder: Path) -> None:
        """Log final metrics and store the files of ``folder``."""
        self.tracker.measure(self.run_id, metrics)
        self.tracker.store(self.run_id, folder)


@contextmanager
def recording(
    uri: str, experiment: str | None, name: str, kind: str, params: Mapping[str, str]
) -> Iterator[Recording]:
    """The run of a command: that of ``mlflow run``, if one surrounds it, or a new one.

    It ends FINISHED, or FAILED when the block raises.
    """
    around = Surrounding.taken()
    check_answers(absolute(uri))
    chosen = experiment or around.default_experiment()
    store, experiment_id = open_experiment(uri, chosen)
    tracker = Tracker(store, experiment_id, tags={schema.CODE_VERSION: code_version()})
    tags = {schema.KIND: kind}
    run_id = around.adopted(tracker, chosen)
    if run_id is None:
        run_id = tracker.start(RunRecord(name, "", now_ms(), params, tags))
    else:
        tracker.annotate(run_id, {**tags, **(tracker.tags or {}), "mlflow.runName": name})
    tracker.annotate(run_id, {f"{kind}.{key}": value for key, value in params.items()})
    try:
        yield Recording(tracker, run_id)
    except BaseException:
        tracker.end(run_id, "FAILED")
        raise
    tracker.end(run_id, "FINISHED")
