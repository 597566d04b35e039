"""What ``python -m experiments.audit`` does once its options are known."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from experiments.audit.fold import Diagnose
from experiments.audit.input.data import read
from experiments.audit.model_choice import choose_model
from experiments.audit.output.files import REPORT, SUSPICIONS, deliver, output_folder, write
from experiments.audit.output.text import findings
from experiments.audit.pipeline import AuditConfig, run_audit
from experiments.audit.result import AuditResult
from experiments.commands.audit_options import AuditOptions
from experiments.machine import peak_mib
from experiments.tracking.command_run import KIND_AUDIT, command_run


def audit_and_log(options: AuditOptions, diagnose: Diagnose | None = None) -> int:
    """The exit status of the command, as ``main`` describes it."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    config = AuditConfig(options.max_false_alarms)
    context = options.context()
    data = read(options.source, options.label, options.clean, context)
    choice = choose_model(data.train, context, options.model, options.seed, options.learning_rate)
    for note in data.notes:
        console.print(f"note: {note}")
    params = {
        "data": options.source,
        "label": options.label or "",
        "validation": options.clean or "",
        "model": choice.model,
        "seed": str(choice.seed),
        "learning_rate": str(choice.settings.learning_rate),
        "digest": data.train.digest,
    }
    source = Path(options.source).name
    name = f"audit of {source}"
    with (
        output_folder(options.out) as out,
        command_run(options.uri, options.experiment, name, KIND_AUDIT, params) as record,
    ):
        result = run_audit(data, choice, context, config, diagnose)
        with TemporaryDirectory(prefix="influence-") as folder:
            write(result, Path(folder), f"Audit of {source}")
            deliver(Path(folder), out)
            record.log(_metrics(result), Path(folder))
    for sentence in findings(result):
        console.print(sentence)
    console.print(f"{out / REPORT}\n{out / SUSPICIONS}.csv\nrun {record.run_id}")
    return record.exit_status()


def _metrics(result: AuditResult) -> dict[str, float]:
    chance = result.summary.false_positives
    return {
        "flagged": float(result.diagnosis.flagged.sum()),
        **{f"flagged/{kind}": float(n) for kind, n in result.flagged_by_kind().items()},
        **({"flagged_by_chance": chance} if isfinite(chance) else {}),
        "accuracy/validation": result.summary.accuracy,
        **{f"seconds/{step}": value for step, value in result.seconds.items()},
        "peak_rss_mib": peak_mib(),
    }
