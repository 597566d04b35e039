"""The files that an audit writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pandas as pd

from common.csv_safety import write_csv
from common.errors import UserError
from experiments.audit.explain.clusters import Cluster
from experiments.audit.explain.reasons import Reason, reasons_table
from experiments.audit.explain.summary import Summary
from experiments.audit.request import AuditRequest

SUSPICIONS: Final = "suspicions"
REASONS: Final = "reasons.csv"
CLUSTERS: Final = "clusters.csv"
SHARES: Final = "shares.csv"
CONFUSION: Final = "confusion.csv"
REPORT: Final = "report.html"
FIRST_SUSPECTS: Final = "first_suspects.html"
TABLES: Final = (
    *(f"{SUSPICIONS}.csv", f"{SUSPICIONS}.parquet"),
    *(REASONS, CLUSTERS, SHARES, CONFUSION),
)
"""Files that an audit writes and that could be data, too."""


def write_tables(
    folder: Path,
    table: pd.DataFrame,
    reasons: Sequence[Reason],
    clusters: Sequence[Cluster],
    summary: Summary,
) -> None:
    """Write the tables into an existing folder.

    In CSV files, text that a spreadsheet would run as a formula is made harmless; the Parquet file
    holds all text unchanged.
    """
    write_csv(table, folder / f"{SUSPICIONS}.csv")
    table.to_parquet(folder / f"{SUSPICIONS}.parquet", index=False)
    write_csv(reasons_table(reasons), folder / REASONS)
    members = [
        (number, cluster.kind, row, cluster.sentence)
        for number, cluster in enumerate(clusters, start=1)
        for row in cluster.rows.tolist()
    ]
    columns = ["cluster", "kind", "row", "sentence"]
    write_csv(pd.DataFrame(members, columns=columns), folder / CLUSTERS)
    write_csv(summary.shares, folder / SHARES)
    write_csv(summary.confusion, folder / CONFUSION, index=True)


def write_pages(folder: Path, pages: Mapping[str, str]) -> None:
    """Write pages, by file name, into an existing folder."""
    for name, page in pages.items():
        (folder / name).write_text(page, encoding="utf-8")


def deliver(folder: Path, out: Path) -> None:
    """Copy the files of a folder into ``out``, whose permissions stay as they are; all or none.

    Raises:
        UserError: they cannot be written.
    """
    staged = []
    try:
        for file in folder.iterdir():
            staged.append(out / f".{file.name}.part")
            shutil.copyfile(file, staged[-1])
        for half in staged:
            half.replace(out / half.name[1:].removesuffix(".part"))
    except OSError as error:
        raise UserError(f"out {str(out)!r} cannot be written: {error.strerror}") from error
    finally:
        for half in staged:
            half.unlink(missing_ok=True)


def check_apart(request: AuditRequest, out: Path, names: Sequence[str] = TABLES) -> None:
    """Raise ``UserError`` if results would be written over the data or the reference set of an
    audit, or into them, where they would be data the next time.

    Args:
        request: the audit.
        out: where results are to be written, a file or a folder.
        names: of the tables that are written into ``out``.
    """
    written = out.resolve()
    for what, given in (("data", request.data), ("reference set", request.validation)):
        place = Path(given)
        if not place.is_absolute():  # a registered name, or data in memory
            continue
        place = place.resolve()
        if written.is_relative_to(place) or (place.parent == written and place.name in names):
            raise UserError(
                f"out {str(out)!r} is in the {what}, {str(place)!r}, or would overwrite them; "
                "choose another place"
            )


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
