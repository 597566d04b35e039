"""``python -m experiments.audit``: what is wrong with a training set, why, and a page to review."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from common.cli import parse, run
from experiments.audit.fold import Diagnose
from experiments.audit.input.data import read
from experiments.audit.model_choice import recipe_for
from experiments.audit.output.files import REPORT, SUSPICIONS, deliver, made, write
from experiments.audit.output.page import sentences
from experiments.audit.pipeline import Choices, Examination, examine
from experiments.commands.audit_options import AuditOptions
from experiments.tracking.command_run import KIND_AUDIT, recording
from experiments.trial.evaluate import peak_rss_mib
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
            Choices(max_false_alarms=options.max_false_alarms),
            diagnose,
        )
        with TemporaryDirectory(prefix="influence-") as folder:
            write(found, Path(folder), f"Audit of {Path(options.source).name}")
            record.keep(_metrics(found), Path(folder))
            deliver(Path(folder), out)
    for sentence in sentences(found):
        console.print(sentence, soft_wrap=True)
    console.print(f"{out / REPORT}\n{out / SUSPICIONS}.csv\nrun {record.run_id}", soft_wrap=True)
    return 0


def _metrics(found: Examination) -> dict[str, float]:
    flagged, kind = found.diagnosis.flagged, found.diagnosis.kind
    chance = found.summary.by_chance
    return {
        "flagged": float(flagged.sum()),
        **{f"flagged/{name}": float((flagged & (kind == name)).sum()) for name in GLITCH_KINDS},
        **({"flagged_by_chance": chance} if isfinite(chance) else {}),
        "accuracy/validation": found.summary.accuracy,
        **{f"seconds/{step}": value for step, value in found.seconds.items()},
        "peak_rss_mib": peak_rss_mib(),
    }
