"""The result of an audit, as a notebook and the commands use it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd

from common.dataset import Modality
from common.errors import UserError
from experiments.audit.explain.clusters import Cluster
from experiments.audit.explain.image_checks import CHECKS, failing
from experiments.audit.explain.reasons import Reason
from experiments.audit.explain.summary import Summary
from experiments.audit.input.data import AuditData
from experiments.audit.output.export import Suspects, export_suspects
from experiments.audit.output.files import (
    FIRST_SUSPECTS,
    REPORT,
    SUSPICIONS,
    check_apart,
    made,
    write_pages,
    write_tables,
)
from experiments.audit.output.first_suspects import render_first_suspects
from experiments.audit.output.page import render
from experiments.audit.output.stored import AUDIT, read_audit, store_audit
from experiments.audit.output.suspicions import suspicions_table
from experiments.audit.output.text import findings
from experiments.audit.record import AuditRecord
from experiments.audit.request import IN_MEMORY, AuditRequest
from experiments.audit.review import ReviewPlan, review_plan
from experiments.machine import peak_mib
from influence.diagnosis.base import GLITCH_KINDS

MIN_PRECISION = 0.1
LOG = "experiments.commands.audit_log", "log_audit"
"""Module and function that write a run. They are looked up by name when a result is logged: an
audit itself needs neither MLflow nor a store, and the room of the commands is above this one."""


@dataclass(frozen=True, repr=False)
class AuditResult:
    """The result of an audit of n training samples.

    Attributes:
        request: what was audited, and how.
        modality: ``"image"`` or ``"tabular"``.
        table: every sample, the most suspicious first; see
            :func:`experiments.audit.output.suspicions.suspicions_table`.
        summary: shares of each kind by class, confused classes, expected false positives.
        clusters: groups of similar flagged samples, the largest first.
        findings: what was found, in sentences.
        notes: what was done to the data, and oddities, in sentences.
        metrics: numbers of the audit, by the names that its run in MLflow has.
        explained: the reasons of the most suspicious samples by row, in the order of the table.
        data: the data, unless the result was loaded.
        report_page, first_suspects_page: make the pages.
    """

    request: AuditRequest
    modality: Modality
    table: pd.DataFrame
    summary: Summary
    clusters: tuple[Cluster, ...]
    findings: tuple[str, ...]
    notes: tuple[str, ...]
    metrics: Mapping[str, float]
    explained: Mapping[int, Reason]
    report_page: Callable[[], str]
    first_suspects_page: Callable[[], str]
    data: AuditData | None = field(default=None, compare=False)

    @classmethod
    def of(cls, record: AuditRecord, request: AuditRequest) -> AuditResult:
        """The result of a finished audit."""
        return cls(
            request=request,
            modality=record.data.train.modality,
            table=suspicions_table(record),
            summary=record.summary,
            clusters=tuple(record.clusters),
            findings=tuple(findings(record)),
            notes=tuple(record.data.notes),
            metrics=_metrics(record),
            explained={reason.row: reason for reason in record.reasons},
            report_page=partial(render, record, f"Audit of {request.subject}"),
            first_suspects_page=partial(render_first_suspects, record),
            data=record.data,
        )

    def __repr__(self) -> str:
        return (
            f"<AuditResult: {len(self.table)} samples of {self.request.subject}, "
            f"{int(self.table['flagged'].sum())} flagged>"
        )

    def __str__(self) -> str:
        return "\n".join([*(f"note: {note}" for note in self.notes), *self.findings])

    def _repr_html_(self) -> str:
        return self.first_suspects_page()

    def reasons(self, row: int) -> Reason:
        """Why a sample is suspicious: influential samples, neighbours, unusual features.

        Raises:
            UserError: the row is not among the most suspicious ones, which alone have reasons.
        """
        if row not in self.explained:
            raise UserError(
                f"row must be one of the {len(self.explained)} most suspicious rows "
                f"(table['row'][:{len(self.explained)}]), got {row!r}"
            )
        return self.explained[row]

    def review_plan(self, min_precision: float = MIN_PRECISION) -> ReviewPlan:
        """How many samples to review, how many of them are expected to be wrong, when to stop.

        Args:
            min_precision: review samples that are wrong with at least this probability.
        """
        estimate = self.metrics.get("expected_label_errors", float("nan"))
        return review_plan(self.table, estimate, min_precision)

    def report(self, path: str | Path) -> Path:
        """Write the report, one self-contained page, to a file.

        Raises:
            UserError: it cannot be written.
        """
        path = Path(path)
        check_apart(self.request, path)
        try:
            path.write_text(self.report_page(), encoding="utf-8")
        except OSError as error:
            raise UserError(f"{str(path)!r} cannot be written: {error.strerror}") from error
        return path

    def export(self, kind: str, path: str | Path) -> Path:
        """Write the suspects for an annotation tool: the flagged samples, and all that
        :meth:`review_plan` proposes to review.

        Args:
            kind: ``"labelstudio"``, a folder with tasks and a labelling configuration;
                ``"fiftyone"``, a folder that it reads as ``FiftyOneImageClassificationDataset``;
                ``"csv"``, a file with the columns of ``table``.
            path: a new file or folder.

        Raises:
            UserError: the form does not fit the data, or the path exists or cannot be written.
        """
        check_apart(self.request, Path(path))
        count = max(int(self.table["flagged"].sum()), self.review_plan().samples)
        folder = None
        if "file" in self.table and self.request.data != IN_MEMORY:
            source = Path(self.request.data)
            folder = source if source.is_dir() else source.parent
        classes = tuple(map(str, self.summary.confusion.index))
        suspects = Suspects(self.table.head(count), classes, folder, self.data)
        export_suspects(suspects, kind, Path(path), self.modality)
        return Path(path)

    def save(self, folder: str | Path) -> Path:
        """Write the files that ``python -m experiments.audit`` writes; :func:`load` reads them.

        Raises:
            UserError: they cannot be written.
        """
        check_apart(self.request, Path(folder))
        out = made(Path(folder))
        try:
            self.write(out)
        except OSError as error:
            raise UserError(f"{str(folder)!r} cannot be written: {error.strerror}") from error
        return out

    def write(self, folder: Path) -> None:
        """Write all files into an existing folder."""
        reasons = tuple(self.explained.values())
        pages = {REPORT: self.report_page(), FIRST_SUSPECTS: self.first_suspects_page()}
        write_tables(folder, self.table, reasons, self.clusters, self.summary)
        write_pages(folder, pages)
        store_audit(
            folder / AUDIT,
            self.request,
            self.modality,
            self.findings,
            self.notes,
            dict(self.metrics),
            self.summary,
            self.clusters,
            reasons,
        )

    def log(self, tracking_uri: str | None = None, experiment: str | None = None) -> str:
        """Log the audit to MLflow, as the command does.

        Args:
            tracking_uri: by default that of the environment, or ``mlflow.db``.
            experiment: by default MLflow's own.

        Returns:
            The id of the run, which ``python -m experiments.repair --audit`` takes.

        Raises:
            UserError: the store cannot be used.
            MachineError: the store failed.
        """
        module, function = LOG
        log = getattr(importlib.import_module(module), function)
        return str(log(self, tracking_uri, experiment))


def load(folder: str | Path) -> AuditResult:
    """The result that :meth:`AuditResult.save` or ``python -m experiments.audit`` has written.

    Raises:
        UserError: there is none.
    """
    folder = Path(folder)
    stored = read_audit(folder / AUDIT)
    try:
        table = pd.read_parquet(folder / f"{SUSPICIONS}.parquet")
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{folder} is not a whole saved audit: {reason}") from error
    return AuditResult(
        request=stored.request,
        modality=stored.modality,
        table=table,
        summary=stored.summary(),
        clusters=tuple(
            Cluster(c.kind, np.array(c.rows, dtype=np.int64), c.sentence) for c in stored.clusters
        ),
        findings=tuple(stored.findings),
        notes=tuple(stored.notes),
        metrics=stored.metrics,
        explained={reason.row: reason for reason in stored.reasons},
        report_page=partial(_page, folder / REPORT),
        first_suspects_page=partial(_page, folder / FIRST_SUSPECTS),
    )


def _page(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"the saved page {path} cannot be read: {error.strerror}") from error


def _metrics(record: AuditRecord) -> dict[str, float]:
    numbers = {
        "flagged_by_chance": record.summary.false_positives,
        "expected_label_errors": float(record.diagnosis.expected_label_errors),
    }
    return {
        "flagged": float(record.diagnosis.flagged.sum()),
        **{f"flagged/{kind}": float(n) for kind, n in record.flagged_by_kind().items()},
        **{name: value for name, value in numbers.items() if isfinite(value)},
        "expected_errors": float(record.diagnosis.probability.sum()),
        **{
            f"expected_errors/{kind}": float(total)
            for kind, total in zip(
                GLITCH_KINDS, record.diagnosis.kind_probability.sum(axis=0), strict=True
            )
        },
        **{
            f"image_checks/{check}": float(len(failing(record.checks, check)))
            for check in CHECKS
            if record.data.train.modality == "image"
        },
        "accuracy/validation": record.summary.accuracy,
        **{f"seconds/{step}": value for step, value in record.seconds.items()},
        "peak_rss_mib": peak_mib(),
    }
