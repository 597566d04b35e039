"""``python -m experiments.doctor``: whether this machine has what the suite needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from common.cli import option, parse, run
from experiments.commands.environment_options import EnvironmentOptions
from experiments.doctor.checks import Subject, examine
from experiments.execution.cluster import cluster, nodes
from experiments.execution.pool import Pool
from experiments.tracking.enclosing_run import EnclosingRun
from experiments.tracking.uri import absolute

PROGRAM = "python -m experiments.doctor"
DESCRIPTION = "Look whether this machine has what the suite needs; say what to do where not."
_STYLES = {"good": "green", "note": "dim", "bad": "bold red"}


@dataclass(frozen=True, kw_only=True)
class DoctorOptions(EnvironmentOptions):
    """Where to look."""

    ray_address: str | None = option("existing Ray cluster, host:port or auto (default: none)")


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 if all is good, 1 if something is to be done, 2 for bad input."""
    return run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    around = EnclosingRun.from_environment()
    options = parse(DoctorOptions, PROGRAM, DESCRIPTION, argv)
    console = Console(highlight=False, soft_wrap=True)
    uri = absolute(options.uri)

    def start_ray() -> str:
        with cluster(Pool(address=options.ray_address), options.threads, uri):
            return f"starts, with {nodes()}"

    experiment = options.experiment or around.default_experiment()
    bad = 0
    for finding in examine(Subject(options.context(), uri, experiment, start_ray)):
        bad += finding.mark == "bad"
        mark = Text(finding.mark, _STYLES[finding.mark])
        console.print(mark, Text(f"{finding.topic}: {finding.text}"))
    if bad:
        console.print(f"{bad} to be mended")
    return 1 if bad else 0
