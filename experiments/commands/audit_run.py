"""What ``python -m experiments.audit`` does once its options are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from experiments.audit.fold import Diagnose
from experiments.audit.output.export import check_export
from experiments.audit.output.files import REPORT, SUSPICIONS, check_apart, deliver, output_folder
from experiments.audit.prepare import AuditInput, prepare_audit
from experiments.commands.audit_log import audit_run, log_results
from experiments.commands.audit_options import AuditOptions
from experiments.commands.step_progress import StepProgress
from experiments.execution.interrupts import terminable
from experiments.execution.scratch import own_scratch


@terminable()
@own_scratch()
def audit_and_log(options: AuditOptions, diagnose: Diagnose | None = None) -> int:
    """The exit status of the command, as ``main`` describes it."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    progress = StepProgress(console)
    prepared = prepare_audit(
        AuditInput(
            options.source,
            reference=options.clean,
            label_name=options.label,
            groups=options.groups,
        ),
        model=options.model,
        max_false_alarms=options.max_false_alarms,
        learning_rate=options.learning_rate,
        seed=options.seed,
        context=replace(options.context(), progress=progress),
        diagnose=diagnose,
    )
    if options.export is not None and options.exported is not None:
        check_export(options.export, options.exported, prepared.data.train.modality)
    check_apart(prepared.request, options.out)
    for note in prepared.data.notes:
        console.print(f"note: {note}")
    with (
        output_folder(options.out) as out,
        audit_run(prepared.request, options.uri, options.experiment) as record,
    ):
        with progress:
            result = prepared.run()
        with TemporaryDirectory(prefix="influence-") as folder:
            result.write(Path(folder))
            deliver(Path(folder), out)
            log_results(record, result, Path(folder))
        if options.export is not None and options.exported is not None:
            result.export(options.export, options.exported)
    for sentence in result.findings:
        console.print(sentence)
    console.print(f"{out / REPORT}\n{out / SUSPICIONS}.csv\nrun {record.run_id}")
    return record.exit_status()
