"""What an audit writes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pandas as pd

from common.csv_safety import write_csv
from common.errors import UserError
from experiments.audit.explain.reasons import as_table
from experiments.audit.output.page import render
from experiments.audit.output.suspicions import suspicions
from experiments.audit.pipeline import Examination

SUSPICIONS: Final = "suspicions"
REASONS: Final = "reasons.csv"
CLUSTERS: Final = "clusters.csv"
SHARES: Final = "shares.csv"
CONFUSION: Final = "confusion.csv"
REPORT: Final = "report.html"


def write(found: Examination, folder: Path, title: str) -> None:
    """Write tables and report into ``folder``, which is there.

    No text of the data in a CSV file is a formula to a spreadsheet; Parquet has texts as they are.
    """
    table = suspicions(found)
    write_csv(table, folder / f"{SUSPICIONS}.csv")
    table.to_parquet(folder / f"{SUSPICIONS}.parquet", index=False)
    write_csv(as_table(found.reasons, found.learned), folder / REASONS)
    clusters = [
        {"cluster": number, "kind": one.kind, "row": row, "sentence": one.sentence}
        for number, one in enumerate(found.clusters, start=1)
        for row in one.rows.tolist()
    ]
    columns = ["cluster", "kind", "row", "sentence"]
    write_csv(pd.DataFrame(clusters, columns=columns), folder / CLUSTERS)
    write_csv(found.summary.shares, folder / SHARES)
    write_csv(found.summary.confusion, folder / CONFUSION, index=True)
    (folder / REPORT).write_text(render(found, title), encoding="utf-8")


def deliver(folder: Path, out: Path) -> None:
    """Copy what lies in a folder into ``out``, whose own mode stays as it is."""
    for file in folder.iterdir():
        shutil.copyfile(file, out / file.name)


def made(folder: Path) -> Path:
    """The folder, made if need be; ``UserError`` where results cannot be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".written").touch()
        (folder / ".written").unlink()
    except OSError as error:
        raise UserError(f"out {str(folder)!r} cannot be written: {error.strerror}") from error
    return folder.absolute()
