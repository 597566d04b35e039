"""Queries to MLflow: experiments, grids, runs and their artifacts."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from mlflow.entities import Experiment, Run, ViewType
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from common.errors import UserError
from experiments import schema
from experiments.tracking.paging import paged
from experiments.tracking.retry import TrackingError, one_line, patiently
from experiments.tracking.store import check_answers, client_for, exists
from experiments.tracking.uri import without_secrets

PAGE = 500
PATIENCE = 20.0
"""Seconds for which a request is repeated while the store is locked or away."""
HOW_TO_FILL = "fill it with: python -m experiments.grid --grid embedded"

T = TypeVar("T")


class Store:
    """A tracking store, read with few queries.

    Damaged files of single runs are skipped and collected in ``damaged``, by file name.

    Raises ``UserError`` where the store does not answer or has the database schema of another
    MLflow version, or where ``uri`` names a database file
    that does not exist, because opening it would create an empty one.
    """

    def __init__(self, uri: str) -> None:
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        if not exists(uri):
            raise UserError(f"no tracking store at {without_secrets(uri)}; {HOW_TO_FILL}")
        check_answers(uri)
        self.uri = without_secrets(uri)
        self.damaged: defaultdict[str, set[str]] = defaultdict(set)
        try:
            self.client = client_for(uri)
        except (MlflowException, SQLAlchemyError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> UserError:
        return UserError(f"tracking store {self.uri} cannot be read: {one_line(error)}")

    def _ask(self, request: Callable[[], T]) -> T:
        """The answer to a request, which is repeated for a while if the store is locked or away."""
        try:
            return patiently(request, PATIENCE)
        except TrackingError as error:
            raise self._unreadable(error) from error

    @cached_property
    def experiments(self) -> dict[str, Experiment]:
        """Active experiments by name."""
        search = self.client.search_experiments
        found = paged(lambda token: self._ask(partial(search, page_token=token)))
        return {experiment.name: experiment for experiment in found}

    def experiment(self, name: str) -> Experiment:
        """The experiment with that name; the error for an unknown name lists those that exist."""
        if name not in self.experiments:
            known = ", ".join(repr(n) for n in sorted(self.experiments))
            raise UserError(f"no experiment {name!r} at {self.uri}; there are: {known}")
        return self.experiments[name]

    def grids(self, experiments: Iterable[Experiment]) -> list[Run]:
        """The runs of grids in these experiments, newest first."""
        return list(
            self._search(
                [experiment.experiment_id for experiment in experiments],
                f"tags.{schema.KIND} = '{schema.KIND_GRID}'",
                ViewType.ACTIVE_ONLY,
                "DESC",
            )
        )

    def runs(self, experiment: Experiment) -> Iterator[Run]:
        """All runs of an experiment, deleted ones included. They come oldest first, so that runs
        that start during the query do not shift the pages."""
        return self._search([experiment.experiment_id], "", ViewType.ALL, "ASC")

    def _search(
        self, experiment_ids: list[str], wanted: str, view: int, order: str
    ) -> Iterator[Run]:
        search = partial(
            self.client.search_runs,
            experiment_ids,
            filter_string=wanted,
            run_view_type=view,
            max_results=PAGE,
            order_by=[f"attributes.start_time {order}"],
        )
        return paged(lambda token: self._ask(partial(search, page_token=token)))

    def run(self, run_id: str) -> Run:
        """The run with that id."""
        return self._ask(partial(self.client.get_run, run_id))

    def history(self, run_id: str, metric: str) -> list[tuple[int, float]]:
        """The (step, value) pairs of a metric, by step; a step logged twice has its later value."""
        points = self._ask(partial(self.client.get_metric_history, run_id, metric))
        return sorted({p.step: p.value for p in sorted(points, key=lambda p: p.timestamp)}.items())

    def artifact(self, run_id: str, path: str) -> Path | None:
        """A local copy of an artifact; ``None`` where the run does not have it."""
        target = self._downloads / run_id
        if (target / path).exists():
            return target / path
        target.mkdir(exist_ok=True)
        try:
            return Path(self.client.download_artifacts(run_id, path, str(target)))
        except (MlflowException, OSError):
            return None

    def load(self, run_id: str, path: str, read: Callable[[Path], T]) -> T | None:
        """What ``read`` makes of an artifact; ``None`` where the run does not have the artifact or
        it is damaged."""
        found = self.artifact(run_id, path)
        if found is None:
            return None
        try:
            return read(found)
        except Exception:  # parsers raise whatever they meet in a damaged file
            self.damaged[path].add(run_id)
            return None

    def forget(self, run_id: str) -> None:
        """Delete the local copies of a run's artifacts, after they have changed."""
        shutil.rmtree(self._downloads / run_id, ignore_errors=True)

    @cached_property
    def _downloads(self) -> Path:
        folder = tempfile.mkdtemp(prefix="influence-artifacts-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)
