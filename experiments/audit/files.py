"""What an audit writes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from common.errors import UserError
from experiments.audit.examination import Examination
from experiments.audit.page import render
from experiments.audit.reasons import as_table
from experiments.audit.suspicions import suspicions

SUSPICIONS: Final = "suspicions"
REASONS: Final = "reasons.csv"
CLUSTERS: Final = "clusters.csv"
SHARES: Final = "shares.csv"
CONFUSION: Final = "confusion.csv"
REPORT: Final = "report.html"


def write(found: Examination, folder: Path, title: str) -> None:
    """Write tables and report into ``folder``, which is there."""
    table = suspicions(found)
    table.to_csv(folder / f"{SUSPICIONS}.csv", index=False)
    table.to_parquet(folder / f"{SUSPICIONS}.parquet", index=False)
    as_table(found.reasons, found.learned).to_csv(folder / REASONS, index=False)
    clusters = [
        {"cluster": number, "kind": one.kind, "row": row, "sentence": one.sentence}
        for number, one in enumerate(found.clusters, start=1)
        for row in one.rows.tolist()
    ]
    columns = ["cluster", "kind", "row", "sentence"]
    pd.DataFrame(clusters, columns=columns).to_csv(folder / CLUSTERS, index=False)
    found.summary.shares.to_csv(folder / SHARES, index=False)
    found.summary.confusion.to_csv(folder / CONFUSION)
    (folder / REPORT).write_text(render(found, title), encoding="utf-8")


def made(folder: Path) -> Path:
    """The folder, made if need be; ``UserError`` where results cannot be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".written").touch()
        (folder / ".written").unlink()
    except OSError as error:
        raise UserError(f"out {str(folder)!r} cannot be written: {error.strerror}") from error
    return folder.absolute()
