"""The paper's claims tested on the runs: ``python analysis/claims.py --experiment NAME``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

if __name__ == "__main__":  # import from the project, not from this folder, and tell why not
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from analysis.options import ClaimOptions
    from common.cli import run_command

    sys.exit(run_command("analysis.claims", ClaimOptions.parse))

from rich.console import Console
from rich.text import Text

from analysis.options import ClaimOptions
from analysis.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_RUN, as_frame, check_claims
from analysis.reading.selection import left_out_note

_STYLES: Final = {HOLDS: "green", DOES_NOT_HOLD: "red", NOT_RUN: "dim"}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the results; with ``--out``, write them as CSV."""
    options = ClaimOptions.parse(argv)
    runs = options.selection()
    results = check_claims(runs.frames)
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(runs.title, style="bold"))
    for result in results:
        head = Text(f"{result.word:>13}  ", style=_STYLES[result.word])
        console.print(head.append(result.claim.statement, style="default"))
        if result.evidence:
            console.print(Text(f"{'':15}{result.evidence}", style="dim"))
    if note := left_out_note(runs):
        console.print(Text(note, style="yellow"))
    if options.out:
        with options.output() as out:
            as_frame(results).to_csv(out / "claims.csv", index=False)
    return 0
