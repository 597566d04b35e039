"""One self-contained HTML page: ``python -m analysis.report --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":  # import from the project, not from this folder, and tell why not
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from common.cli import run_command

    sys.exit(run_command("analysis.report"))

from analysis.options import RunOptions, check_names
from analysis.paper.figures import all_figures
from analysis.paper.page import REPORT_FILE, render
from analysis.stats.view import METRIC_TITLES, View
from common.cli import option, parse
from experiments import schema


@dataclass(frozen=True)
class ReportOptions(RunOptions):
    """Which report."""

    metric: str = option(f"one of {', '.join(METRIC_TITLES)}", schema.F1)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the report into ``--out``."""
    options = parse(ReportOptions, "report", "One HTML page about the runs in MLflow.", argv)
    check_names("metric", [options.metric], METRIC_TITLES)
    options.check_out()
    runs = options.selection()
    view = View(options.metric, options.chosen_signals(runs.frames))
    page = render(runs, view, all_figures(runs, view))
    with options.output() as out:
        (out / REPORT_FILE).write_text(page, encoding="utf-8")
        print(out / REPORT_FILE)
    return 0
