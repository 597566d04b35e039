"""Tables, figures and report of a grid, stored with its run when its trials are done."""

from __future__ import annotations

import logging

from experiments.tracking.retry import one_line

_log = logging.getLogger(__name__)


def publish(uri: str, run_id: str) -> None:
    """Store the analysis of a grid's trials with the grid's run.

    An error is only a warning: the trials are logged by then, and the analysis can be repeated.
    """
    # here, because it loads matplotlib, which a command that only lists trials does not need
    from analysis.publish import publish as store_analysis  # noqa: PLC0415 - see above

    try:
        store_analysis(uri, run_id)
    except Exception as error:  # whatever it is, the run of the grid still has to be closed
        _log.warning(
            "no tables and figures were stored with the grid: %s; make them with: "
            "python -m analysis.report",
            one_line(error),
        )
