"""Tables, figures, claims and report of a grid, as artifacts of the grid's own run."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from analysis.claims import as_frame, judge
from analysis.figures import all_figures
from analysis.paper.layouts import Layout, all_tables
from analysis.plotting.drawing import save, style
from analysis.reading.selection import Selection, select_run
from analysis.reading.store import Store
from analysis.report import REPORT_FILE, render
from analysis.tables import write
from experiments import schema
from experiments.tracking.retry import patiently

PATIENCE: Final = 60.0
FORMATS: Final = ("png", "pdf")
_log = logging.getLogger(__name__)


def publish(uri: str, run_id: str) -> list[str]:
    """Make everything of the grid whose run this is, and store it with that run.

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
        patiently(
            lambda: store.client.log_artifacts(run_id, folder, schema.ANALYSIS_FOLDER), PATIENCE
        )
        made = sorted(p.relative_to(folder) for p in Path(folder).rglob("*") if p.is_file())
    return [f"{schema.ANALYSIS_FOLDER}/{path.as_posix()}" for path in made]


def produce(runs: Selection, out: Path) -> None:
    """Write report, tables, figures and claims of these runs into ``out``."""
    layout = Layout()
    tables, figures = out / "tables", out / "figures"
    for folder in (tables, figures):
        folder.mkdir(parents=True)
    write(all_tables(runs.frames, layout), tables, "markdown")
    as_frame(judge(runs.frames)).to_csv(out / "claims.csv", index=False)
    drawn = all_figures(runs, layout)
    with style():
        save(drawn, figures, FORMATS)
    (out / REPORT_FILE).write_text(render(runs, layout, drawn), encoding="utf-8")
