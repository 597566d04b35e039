"""The result of a repair, as a notebook and the command use it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.csv_safety import write_csv
from common.dataset import Dataset
from experiments.audit.output.files import check_apart, made
from experiments.audit.request import AuditRequest
from experiments.datasets.base import DatasetSource
from experiments.repair.decisions import Decisions
from experiments.repair.gain import Gain
from experiments.repair.rewrite import Repaired, target_of, write_repaired

DECISIONS: Final = "decisions.csv"
GAIN: Final = "gain.csv"
TABLES: Final = (DECISIONS, GAIN)
LOG = "experiments.commands.repair_log", "log_repair"
"""As of an audit (:mod:`experiments.audit.result`): looked up by name when a result is logged."""


@dataclass(frozen=True, repr=False)
class RepairResult:
    """A repaired training set of k of n samples, and what the repair gains.

    Attributes:
        request: of the audit.
        source: the training set; ``None`` if it was audited in memory.
        train: the set as it was audited.
        decisions: as a table: ``row``, ``action``, ``new_label``.
        applied: the same, checked.
        gain: accuracies after training on the dirty, the repaired and other sets.
        origin: where the decisions are from.
    """

    request: AuditRequest
    source: DatasetSource | None
    train: Dataset
    decisions: pd.DataFrame
    applied: Decisions
    gain: Gain
    origin: str

    def __repr__(self) -> str:
        return f"<RepairResult: {self.changes}>"

    def __str__(self) -> str:
        table = self.table.to_string(index=False, float_format="{:.3f}".format)
        return f"{self.changes}\n{table}\n{self.gain.sentence()}"

    def _repr_html_(self) -> str:
        table = self.table.to_html(index=False, float_format="{:.3f}".format)
        return f"<p>{self.changes}. {self.gain.sentence()}</p>{table}"

    @property
    def changes(self) -> str:
        """How many samples were changed."""
        return (
            f"{len(self.applied.relabelled)} relabelled, {len(self.applied.dropped)} dropped of "
            f"{len(self.train)} samples"
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """For each set, the mean accuracy and the gain over the dirty set, with 95 % intervals."""
        return self.gain.table()

    @property
    def rows(self) -> NDArray[np.int64]:
        """The rows that are kept, ascending, (k,)."""
        return self._repaired.kept

    @property
    def labels(self) -> NDArray[np.object_]:
        """Their labels after the repair, by name, (k,)."""
        names = np.array(self.train.class_names, dtype=object)
        return np.asarray(names[self._repaired.labels[self.rows]])

    @property
    def metrics(self) -> dict[str, float]:
        """The accuracies, by the names that the run in MLflow has."""
        return {
            f"accuracy/{row['trained on'].replace(' ', '_')}": float(row["accuracy"])
            for row in self.table.to_dict("records")
        }

    def save(self, folder: str | Path) -> Path:
        """Write ``decisions.csv``, ``gain.csv`` and, unless the data were in memory, the repaired
        set in the form of the data.

        Returns:
            The file or folder to train on; of data in memory, the folder.

        Raises:
            UserError: the folder has a repaired set already, or cannot be written.
        """
        folder = Path(folder)
        if self.source is not None:
            check_apart(self.request, folder, TABLES)
            target_of(self.source, folder)
        out = made(folder)
        self.write(out)
        return self.write_set(out) if self.source is not None else out

    def write(self, folder: Path) -> None:
        """Write the tables into an existing folder."""
        write_csv(self.decisions, folder / DECISIONS)
        self.table.to_csv(folder / GAIN, index=False)

    def write_set(self, folder: Path) -> Path:
        """Write the repaired set into an existing folder; the file or folder to train on."""
        if self.source is None:
            raise ValueError("a set in memory has no form to be written in")
        return write_repaired(self.source, self._repaired, target_of(self.source, folder))

    def log(
        self, tracking_uri: str | None = None, experiment: str | None = None, *, audit: str = ""
    ) -> str:
        """Log the repair to MLflow, as the command does.

        Args:
            tracking_uri: by default that of the environment, or ``mlflow.db``.
            experiment: by default MLflow's own.
            audit: the id of the run of the audit, if it was logged.

        Returns:
            The id of the run.

        Raises:
            UserError: the store cannot be used.
            MachineError: the store failed.
        """
        module, function = LOG
        log = getattr(importlib.import_module(module), function)
        return str(log(self, tracking_uri, experiment, audit))

    @cached_property
    def _repaired(self) -> Repaired:
        kept, labels = self.applied.apply(self.train.y)
        return Repaired(self.train, self.request.label or None, kept, labels)
