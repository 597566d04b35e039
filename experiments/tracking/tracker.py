"""Writes runs to MLflow.

A run becomes FINISHED only after its last artifact is stored, and only if no other run of its spec
is FINISHED: a reader finds each finished trial once, and whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    Metric,
    Param,
    Run,
    RunStatus,
    RunTag,
    ViewType,
)
from mlflow.store.entities import PagedList
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from experiments import schema
from experiments.tracking.record import RunRecord, now_ms
from experiments.tracking.retry import TrackingError, patiently
from experiments.tracking.store import connect
from experiments.trial.result import DatasetIdentity

PATIENCE = 60.0
_DIGEST_LENGTH = 32
_METRICS_A_BATCH = 1000
_PAGE = 1000

T = TypeVar("T")
client = cache(connect)
"""The client of a store that exists, one for each process: opening a database takes seconds."""


@dataclass(frozen=True)
class Tracker:
    """Writes the runs of one experiment. Picklable: every process opens its own client.

    Every method raises ``TrackingError`` if the store fails for longer than the patience.

    Attributes:
        uri: absolute tracking URI.
        experiment_id: of an experiment that exists.
        parent: id of the grid's run, for the trials of a grid.
        tags: of every run that it starts.
        patience: seconds of retries for each request (see :func:`~.retry.patiently`).
    """

    uri: str
    experiment_id: str
    parent: str | None = None
    tags: Mapping[str, str] | None = None
    patience: float = PATIENCE

    def start(self, record: RunRecord) -> str:
        """Create the run, in state RUNNING, with its parameters; returns its id."""
        tags = {**record.tags, **(self.tags or {})}
        if self.parent is not None:
            tags[schema.PARENT] = self.parent
        run = self._do(lambda c: c.create_run(self.experiment_id, record.start, tags, record.name))
        run_id = str(run.info.run_id)
        params = [Param(key, value) for key, value in record.params.items()]
        self._do(lambda c: c.log_batch(run_id, params=params))
        return run_id

    def finish(
        self, run_id: str, record: RunRecord, artifacts: Path, replaces: Iterable[str] = ()
    ) -> str:
        """Store the results of a trial, then end its run. Safe to repeat.

        A run that was ended by another process, or whose spec another run has finished, ends as
        KILLED instead of FINISHED.

        Args:
            run_id: of a started run.
            record: with the final status.
            artifacts: directory of the files to store.
            replaces: ids of finished runs of the same spec that this one replaces; MLflow can
                restore them after their deletion.

        Returns:
            The status of the run.
        """
        end = record.end or now_ms()
        metrics = [Metric(name, value, end, step) for name, value, step in record.metrics]
        self.annotate(run_id, record.tags)
        for start in range(0, len(metrics), _METRICS_A_BATCH):
            self._log_metrics(run_id, metrics[start : start + _METRICS_A_BATCH])
        if record.dataset is not None:
            self.describe(run_id, record.dataset)
        self._do(lambda c: c.log_artifacts(run_id, str(artifacts)))
        replaced = set(replaces)
        status = record.status
        if status == "FINISHED" and not self._may_finish(run_id, record.spec_hash, replaced):
            status = "KILLED"
        self.end(run_id, status, end)
        if status == "FINISHED":
            for old in replaced:
                self.delete(old)
        return status

    def end(
        self,
        run_id: str,
        status: str,
        end: int | None = None,
        tags: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> None:
        """End a run, with further tags and text files."""
        if tags:
            self.annotate(run_id, tags)
        for file, text in (files or {}).items():
            self.text(run_id, file, text)
        self._do(lambda c: c.set_terminated(run_id, status, end))

    def text(self, run_id: str, file: str, text: str) -> None:
        """Store a text as an artifact."""
        with TemporaryDirectory(prefix="influence-") as folder:
            path = Path(folder) / file
            path.write_text(text)
            self._do(lambda c: c.log_artifact(run_id, str(path)))

    def store(self, run_id: str, folder: Path) -> None:
        """Store the files of a folder as artifacts."""
        self._do(lambda c: c.log_artifacts(run_id, str(folder)))

    def annotate(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags."""
        listed = [RunTag(key, value) for key, value in tags.items()]
        self._do(lambda c: c.log_batch(run_id, tags=listed))

    def measure(self, run_id: str, values: Mapping[str, float]) -> None:
        """Log final metrics."""
        self._log_metrics(
            run_id, [Metric(key, value, now_ms(), 0) for key, value in values.items()]
        )

    def describe(self, run_id: str, data: DatasetIdentity) -> None:
        """Log the data as the input of a run."""
        dataset = _dataset_input(data)
        try:
            self._do(lambda c: c.log_inputs(run_id, [dataset]))
        except TrackingError as error:
            if not error.final:
                raise
            # If two runs log a new dataset at once, MLflow refuses the second request, and accepts
            # it again when the dataset exists.
            self._do(lambda c: c.log_inputs(run_id, [dataset]))

    def run(self, run_id: str) -> Run:
        """A run."""
        return self._do(lambda c: c.get_run(run_id))

    def download(self, run_id: str, file: str, folder: Path) -> Path:
        """A local copy of an artifact."""
        return Path(self._do(lambda c: c.download_artifacts(run_id, file, str(folder))))

    def page(self, wanted: str, token: str | None) -> PagedList[Run]:
        """One page of the experiment's active runs that match an MLflow filter, oldest first."""
        order = ["attributes.start_time ASC"]
        return self._do(
            lambda c: c.search_runs(
                [self.experiment_id], wanted, ViewType.ACTIVE_ONLY, _PAGE, order, token
            )
        )

    def runs_of(self, spec_hash: str, *conditions: str) -> list[Run]:
        """The experiment's runs of a spec that match further conditions of an MLflow filter."""
        wanted = " and ".join([f"tags.{schema.SPEC_HASH} = '{spec_hash}'", *conditions])
        found = self._do(
            lambda c: c.search_runs([self.experiment_id], wanted, ViewType.ACTIVE_ONLY, 20)
        )
        return list(found)

    def delete(self, run_id: str) -> None:
        """Delete a run; MLflow can restore it."""
        self._do(lambda c: c.delete_run(run_id))

    def under(self, parent: str) -> Tracker:
        """A tracker for the trials of a grid's run."""
        return replace(self, parent=parent)

    def hasty(self, patience: float) -> Tracker:
        """A tracker that retries no longer than this many seconds."""
        return replace(self, patience=min(patience, self.patience))

    def _may_finish(self, run_id: str, spec_hash: str, replaced: set[str]) -> bool:
        run = self.run(run_id)
        if run.info.status not in ("RUNNING", "FINISHED"):
            return False
        finished = self.runs_of(spec_hash, "attributes.status = 'FINISHED'")
        return {r.info.run_id for r in finished} <= {run_id} | replaced

    def _log_metrics(self, run_id: str, metrics: list[Metric]) -> None:
        self._do(lambda c: c.log_batch(run_id, metrics=metrics))

    def _do(self, action: Callable[[MlflowClient], T]) -> T:
        return patiently(lambda: action(client(self.uri)), self.patience)


def is_over(run: Run) -> bool:
    """Whether a run has ended."""
    return RunStatus.is_terminated(RunStatus.from_string(run.info.status))


def _dataset_input(dataset: DatasetIdentity) -> DatasetInput:
    described = Dataset(
        name=dataset.name,
        digest=dataset.digest[:_DIGEST_LENGTH],
        source_type="local",
        source=json.dumps({"name": dataset.name}),
        profile=json.dumps({"num_rows": dataset.rows, "num_classes": dataset.n_classes}),
    )
    return DatasetInput(described, [InputTag(MLFLOW_DATASET_CONTEXT, "training")])
