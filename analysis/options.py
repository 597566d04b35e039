"""Options that every command of the analysis takes, and how a command ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.frames import Frames
from analysis.selection import Selection, select
from analysis.store import Store, default_uri
from common.errors import UserError, unknown_name
from experiments import names

BAD_INPUT = 2


def parser(description: str, **kwargs: str) -> argparse.ArgumentParser:
    """A parser with the options that choose runs."""
    made = argparse.ArgumentParser(description=description, **kwargs)  # type: ignore[arg-type]
    made.add_argument(
        "--tracking-uri", help="MLflow store (default: MLFLOW_TRACKING_URI, or mlflow.db)"
    )
    made.add_argument("--experiment", help="experiment (default: that of the newest grid)")
    made.add_argument("--grid", help="only the trials of this grid")
    made.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="KEY=VALUE[,...]",
        help="only trials with these values, such as dataset=mnist,glitch=uniform_noise",
    )
    made.add_argument("--signals", help="such as self_influence,cnci (default: all logged)")
    made.add_argument("--out", type=Path, help="directory for files")
    return made


def chosen_signals(text: str | None, frames: Frames) -> list[str] | None:
    """Signals by name, joined by commas; ``None`` for all that were logged."""
    if text is None:
        return None
    logged = frames.final["series"][frames.final["metric"] == names.F1].unique()
    for name in text.split(","):
        if name not in logged:
            raise unknown_name("signal", name, logged)
    return text.split(",")


def selection(args: argparse.Namespace) -> Selection:
    """The runs that the parsed options ask for."""
    store = Store(args.tracking_uri or default_uri())
    return select(store, args.experiment, args.grid, args.only)


def finish(main: Callable[[Sequence[str] | None], None]) -> int:
    """Run a command; what the user can mend is one line on stderr and status 2."""
    try:
        main(None)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


def folder(path: Path) -> Path:
    """The directory for files, made if need be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {path}: {error.strerror}") from error
    return path
