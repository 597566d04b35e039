"""The options of the commands of the analysis. ``--help`` shows the docstring of each class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from analysis.choices import (
    BLOCKS,
    CELL,
    FIGURE_FORMATS,
    FIGURES,
    GROUPS,
    METRIC_TITLES,
    TABLE_FORMATS,
    TABLES,
)
from common.cli import option, parse
from common.errors import UserError, unknown_name
from experiments import schema
from experiments.tracking.uri import default_uri
from influence.signals import select as select_signals

if TYPE_CHECKING:  # MLflow and pandas take seconds to import: --help does not wait for them
    from analysis.reading.frames import Frames
    from analysis.reading.selection import Selection

TERMINAL = "terminal"
_GROUPS = ("paper", "all")


@dataclass(frozen=True)
class RunOptions:
    """Which runs to read, and where to write."""

    program: ClassVar[str]

    tracking_uri: str | None = option("MLflow store (default: MLFLOW_TRACKING_URI or mlflow.db)")
    experiment: str | None = option("experiment (default: that of the newest grid)")
    grid: str | None = option("only the trials of this grid")
    only: tuple[str, ...] = option(
        "only trials with these values, such as dataset=mnist,glitch=uniform_noise", ()
    )
    signals: str | None = option("signals, such as paper+cnci (default: all that were logged)")
    out: Path | None = option("directory for files")

    @classmethod
    def parse(cls, argv: Sequence[str] | None = None) -> Self:
        """The options on the command line."""
        return parse(cls, cls.program, cls.__doc__ or "", argv)

    def selection(self) -> Selection:
        """The selected runs."""
        from analysis.reading.selection import select  # noqa: PLC0415 - as above
        from analysis.reading.store import Store  # noqa: PLC0415 - as above

        store = Store(self.tracking_uri or default_uri())
        return select(store, self.experiment, self.grid, self.only)

    def chosen_signals(self, frames: Frames) -> list[str] | None:
        """The selected signals that were logged; ``None`` selects all."""
        if self.signals is None:
            return None
        logged = list(frames.final["series"][frames.final["metric"] == schema.F1].unique())
        found: list[str] = []
        for name in self.signals.split("+"):
            if name not in logged and name not in _GROUPS:
                raise unknown_name("signal", name, (*_GROUPS, *logged))
            members = [name] if name in logged else select_signals(name)
            found += [signal for signal in members if signal in logged]
        return found

    def check_out(self) -> Path:
        """``out``; without it, a ``UserError`` before any work is done."""
        if self.out is None:
            raise UserError("--out is missing: a directory for files")
        return self.out

    @contextmanager
    def output(self) -> Iterator[Path]:
        """``out``, created if it does not exist; a ``UserError`` if it cannot be written to. Enter
        this when there is something to write, so that no empty folder remains after an error."""
        out = self.check_out()
        try:
            out.mkdir(parents=True, exist_ok=True)
            yield out
        except OSError as error:
            raise UserError(f"cannot write to {out}: {error.strerror}") from error


@dataclass(frozen=True)
class ViewOptions(RunOptions):
    """Which runs to show, and by which metric."""

    metric: str = option(f"one of {', '.join(METRIC_TITLES)}", schema.F1)

    def __post_init__(self) -> None:
        check_names("metric", [self.metric], METRIC_TITLES)


@dataclass(frozen=True)
class TableOptions(ViewOptions):
    """Tables from the runs in MLflow."""

    program: ClassVar[str] = "tables"
    by: str = option(f"rows of the first table, of {', '.join(GROUPS)}", ",".join(CELL))
    table: tuple[str, ...] = option(f"only these: {', '.join(TABLES)}", ())
    format: str = option(f"one of {', '.join((TERMINAL, *TABLE_FORMATS))}", TERMINAL)


@dataclass(frozen=True)
class FigureOptions(ViewOptions):
    """Figures from the runs in MLflow."""

    program: ClassVar[str] = "figures"
    figure: tuple[str, ...] = option(f"only these: {', '.join(FIGURES)}", ())
    format: tuple[str, ...] = option(f"of {', '.join(FIGURE_FORMATS)} (default: all)", ())


@dataclass(frozen=True)
class ReportOptions(ViewOptions):
    """One HTML page about the runs in MLflow."""

    program: ClassVar[str] = "report"


@dataclass(frozen=True)
class ClaimOptions(RunOptions):
    """The paper's claims, tested on the runs."""

    program: ClassVar[str] = "claims"


@dataclass(frozen=True)
class TestOptions(RunOptions):
    """Signals compared by statistical tests."""

    program: ClassVar[str] = "significance"
    metric: str = option(f"one of {', '.join(schema.DETECTION_METRICS)}", schema.F1)
    blocks: str = option(
        "what makes a block; leave out seed to average over seeds first", ",".join(BLOCKS)
    )


@dataclass(frozen=True)
class TruthOptions(RunOptions):
    """Influence against retraining."""

    program: ClassVar[str] = "truth"


@dataclass(frozen=True)
class EvaluateOptions(RunOptions):
    """Evaluate a signal on finished trials."""

    program: ClassVar[str] = "evaluate"
    signal: str | None = option("registered name, or module:function")
    force: bool = option("compute it again for runs that already have it", False)


def check_names(kind: str, given: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """The given names; the error for a name that is not allowed suggests the nearest one."""
    known, found = list(allowed), list(given)
    for name in found:
        if name not in known:
            raise unknown_name(kind, name, known)
    return found
