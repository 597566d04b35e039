"""The files that an audit writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pandas as pd

from common.csv_safety import write_csv
from common.errors import UserError
from experiments.audit.explain.reasons import reasons_table
from experiments.audit.output.page import render
from experiments.audit.output.suspicions import suspicions_table
from experiments.audit.result import AuditResult

SUSPICIONS: Final = "suspicions"
REASONS: Final = "reasons.csv"
CLUSTERS: Final = "clusters.csv"
SHARES: Final = "shares.csv"
CONFUSION: Final = "confusion.csv"
REPORT: Final = "report.html"


def write(result: AuditResult, folder: Path, title: str) -> None:
    """Write the tables and the report into an existing folder.

    In CSV files, text that a spreadsheet would run as a formula is made harmless; the Parquet file
    holds all text unchanged.
    """
    table = suspicions_table(result)
    write_csv(table, folder / f"{SUSPICIONS}.csv")
    table.to_parquet(folder / f"{SUSPICIONS}.parquet", index=False)
    write_csv(reasons_table(result.reasons, result.learned), folder / REASONS)
    clusters = [
        (number, cluster.kind, row, cluster.sentence)
        for number, cluster in enumerate(result.clusters, start=1)
        for row in cluster.rows.tolist()
    ]
    columns = ["cluster", "kind", "row", "sentence"]
    write_csv(pd.DataFrame(clusters, columns=columns), folder / CLUSTERS)
    write_csv(result.summary.shares, folder / SHARES)
    write_csv(result.summary.confusion, folder / CONFUSION, index=True)
    (folder / REPORT).write_text(render(result, title), encoding="utf-8")


def deliver(folder: Path, out: Path) -> None:
    """Copy the files of a folder into ``out``, whose permissions stay as they are.

    Raises:
        UserError: they cannot be written.
    """
    try:
        for file in folder.iterdir():
            shutil.copyfile(file, out / file.name)
    except OSError as error:
        raise UserError(f"out {str(out)!r} cannot be written: {error.strerror}") from error


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """The folder, created if need be; what was created is removed if the block fails before
    anything is written to it.

    Raises:
        UserError: nothing can be written to it.
    """
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield made(folder)
    except BaseException:
        for path in created:
            with suppress(OSError):
                path.rmdir()
        raise


def made(folder: Path) -> Path:
    """The folder, created if need be.

    Raises:
        UserError: nothing can be written to it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".written").touch()
        (folder / ".written").unlink()
    except OSError as error:
        raise UserError(f"out {str(folder)!r} cannot be written: {error.strerror}") from error
    return folder.absolute()
