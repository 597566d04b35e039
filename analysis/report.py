"""One self-contained HTML page: ``python -m analysis.report --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # import from the project, not from this folder, and tell why not
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from analysis.options import ReportOptions
    from common.cli import run_command

    sys.exit(run_command("analysis.report", ReportOptions.parse))

from analysis.options import ReportOptions
from analysis.paper.figures import all_figures
from analysis.paper.page import REPORT_FILE, render
from analysis.stats.view import View


def main(argv: Sequence[str] | None = None) -> int:
    """Write the report into ``--out``."""
    options = ReportOptions.parse(argv)
    options.check_out()
    runs = options.selection()
    view = View(options.metric, options.chosen_signals(runs.frames))
    page = render(runs, view, all_figures(runs, view))
    with options.output() as out:
        (out / REPORT_FILE).write_text(page, encoding="utf-8")
        print(out / REPORT_FILE)
    return 0
