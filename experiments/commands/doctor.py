"""``python -m experiments.doctor``: whether this machine has what the suite needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from common.cli import option, parse, run
from experiments.commands.environment_options import EnvironmentOptions

PROGRAM = "python -m experiments.doctor"
DESCRIPTION = "Check whether this machine has what the suite needs, and say what to do if not."
_STYLES = {"good": "green", "note": "dim", "bad": "bold red"}


@dataclass(frozen=True, kw_only=True)
class DoctorOptions(EnvironmentOptions):
    """What is checked."""

    ray_address: str | None = option("existing Ray cluster, host:port or auto (default: none)")


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 if all is good, 1 if a problem was found, 2 for bad input."""
    return run(lambda: _main(parse(DoctorOptions, PROGRAM, DESCRIPTION, argv)))


def _main(options: DoctorOptions) -> int:
    # here, because torch, Ray and MLflow take seconds to import: --help does not wait for them
    from experiments.doctor.checks import Setup, check  # noqa: PLC0415 - see above
    from experiments.execution.cluster import cluster, nodes  # noqa: PLC0415
    from experiments.execution.pool import Pool  # noqa: PLC0415
    from experiments.tracking.enclosing_run import EnclosingRun  # noqa: PLC0415
    from experiments.tracking.uri import absolute  # noqa: PLC0415

    experiment = options.experiment or EnclosingRun.from_environment().default_experiment()
    console = Console(highlight=False, soft_wrap=True)
    uri = absolute(options.uri)

    def start_ray() -> str:
        with cluster(Pool(address=options.ray_address), options.threads, uri):
            return f"starts, with {nodes()}"

    problems = 0
    for finding in check(Setup(options.context(), uri, experiment, start_ray)):
        problems += finding.mark == "bad"
        mark = Text(finding.mark, _STYLES[finding.mark])
        console.print(mark, Text(f"{finding.topic}: {finding.text}"))
    if problems:
        console.print(f"{problems} problem{'s' * (problems > 1)} found")
    return 1 if problems else 0
