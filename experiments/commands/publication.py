"""Tables, figures and report of a grid, stored with its run when its trials are done."""

from __future__ import annotations

import logging

from experiments.tracking.retry import one_line

_log = logging.getLogger(__name__)


def publish(uri: str, run_id: str) -> None:
    """Store the analysis of a grid's trials with the grid's run.

    The trials are safe by then, and every page can be made again: what goes wrong is a warning.
    """
    # here: it loads what draws, which a command that only lists trials need not wait for
    from analysis.publish import publish as store_analysis  # noqa: PLC0415 - see above

    try:
        store_analysis(uri, run_id)
    except Exception as error:  # whatever a page stumbles over must not cost the grid its end
        _log.warning(
            "no tables and figures were stored with the grid: %s; make them with: "
            "python -m analysis.report",
            one_line(error),
        )
