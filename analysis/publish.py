"""Tables, figures, claims and report of a grid, stored with the grid's own run."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from analysis.paper.claims import as_frame, check_claims
from analysis.paper.figures import all_figures
from analysis.paper.page import REPORT_FILE, render
from analysis.paper.tables import all_tables
from analysis.plotting.drawing import save
from analysis.reading.selection import Selection, select_run
from analysis.reading.store import Store
from analysis.rendering.formats import write_tables
from analysis.stats.view import View
from experiments import schema
from experiments.tracking.amend import add_analysis

FORMATS: Final = ("png", "pdf")
_log = logging.getLogger(__name__)


def publish(uri: str, run_id: str) -> list[str]:
    """Produce the analysis of a grid and store it with the grid's run.

    Args:
        uri: of the tracking store.
        run_id: of the grid's run, open or ended.

    Returns:
        Paths of the artifacts; none where the grid has no finished trial.
    """
    store = Store(uri)
    runs = select_run(store, run_id)
    if runs.frames.trials.empty:
        _log.info("nothing to publish: the grid has no finished trial")
        return []
    with TemporaryDirectory(prefix="influence-analysis-") as folder:
        produce(runs, Path(folder))
        add_analysis(store.client, run_id, Path(folder))
        made = sorted(p.relative_to(folder) for p in Path(folder).rglob("*") if p.is_file())
    return [f"{schema.ANALYSIS_FOLDER}/{path.as_posix()}" for path in made]


def produce(runs: Selection, out: Path) -> None:
    """Write report, tables, figures and claims of these runs into ``out``."""
    view = View()
    tables, figures = out / "tables", out / "figures"
    for folder in (tables, figures):
        folder.mkdir(parents=True)
    write_tables(all_tables(runs.frames, view), tables, "markdown")
    as_frame(check_claims(runs.frames)).to_csv(out / "claims.csv", index=False)
    drawn = all_figures(runs, view)
    save({figure.stem: figure.figure for figure in drawn}, figures, FORMATS)
    (out / REPORT_FILE).write_text(render(runs, view, drawn), encoding="utf-8")
