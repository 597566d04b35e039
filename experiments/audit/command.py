"""``python -m experiments.audit``: what is wrong with a training set, why, and a page to review."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from rich.console import Console

from common.options import parse, run
from experiments.audit.data import read
from experiments.audit.examination import Choices, Examination, examine
from experiments.audit.files import REPORT, SUSPICIONS, made, write
from experiments.audit.opinion import Diagnose
from experiments.audit.options import AuditOptions
from experiments.audit.recipe import recipe_for
from experiments.audit.record import KIND_AUDIT, recording
from experiments.evaluate import peak_rss_mib
from influence.diagnosis.base import GLITCH_KINDS

PROGRAM = "python -m experiments.audit"
DESCRIPTION = "Audit a training set: ranked suspicions, their kinds, reasons, and a page to review."


def main(argv: Sequence[str] | None = None, diagnose: Diagnose | None = None) -> int:
    """The exit status: 0 if the audit is done, 2 for bad input."""
    return run(lambda: _main(argv, diagnose))


def _main(argv: Sequence[str] | None, diagnose: Diagnose | None) -> int:
    options = parse(AuditOptions, PROGRAM, DESCRIPTION, argv)
    console = Console(highlight=False, markup=False)
    context = options.context()
    data = read(options.source, options.label, options.clean, context)
    recipe = recipe_for(data.train, context, options.model, options.seed, options.learning_rate)
    out = made(options.out)
    for note in data.notes:
        console.print(f"note: {note}")
    name = f"audit of {Path(options.source).name}"
    params = {
        "data": options.source,
        "label": options.label or "",
        "validation": options.clean or "",
        "model": recipe.model,
        "seed": str(recipe.seed),
        "learning_rate": str(recipe.settings.learning_rate),
        "digest": data.train.digest,
    }
    with recording(options.uri, options.experiment, name, KIND_AUDIT, params) as record:
        found = examine(
            data,
            recipe,
            context,
            diagnose or _diagnose(),
            Choices(max_false_alarms=options.max_false_alarms),
        )
        with TemporaryDirectory(prefix="influence-") as folder:
            table = write(found, Path(folder), f"Audit of {Path(options.source).name}")
            record.keep(_metrics(found), Path(folder))
            shutil.copytree(folder, out, dirs_exist_ok=True)
    counts = table.loc[table["flagged"], "kind"].value_counts()
    listed = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    console.print(
        f"{int(table['flagged'].sum())} of {len(table)} samples flagged"
        f"{f': {listed}' if listed else ''}; by chance about {found.summary.by_chance:.0f}"
    )
    console.print(f"{out / REPORT}\n{out / SUSPICIONS}.csv\nrun {record.run_id}", soft_wrap=True)
    return 0


def _diagnose() -> Diagnose:
    # here: what the diagnosis loads is not needed to refuse bad input
    return cast(Diagnose, importlib.import_module("influence.diagnosis").diagnose)


def _metrics(found: Examination) -> dict[str, float]:
    flagged, kind = found.diagnosis.flagged, found.diagnosis.kind
    return {
        "flagged": float(flagged.sum()),
        **{f"flagged/{name}": float((flagged & (kind == name)).sum()) for name in GLITCH_KINDS},
        "flagged_by_chance": found.summary.by_chance,
        "accuracy/validation": found.summary.accuracy,
        **{f"seconds/{step}": value for step, value in found.seconds.items()},
        "peak_rss_mib": peak_rss_mib(),
    }
