"""What ``python -m experiments.repair`` does once its options are known."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from rich.console import Console

from common.errors import UserError
from experiments import schema
from experiments.audit.output.files import SUSPICIONS, check_apart, deliver, output_folder
from experiments.audit.request import IN_MEMORY, AuditRequest
from experiments.commands.repair_log import repair_run
from experiments.commands.repair_options import RepairOptions
from experiments.execution.interrupts import terminable
from experiments.execution.scratch import own_scratch
from experiments.repair.plan import plan_repair
from experiments.repair.result import TABLES
from experiments.repair.rewrite import target_of
from experiments.tracking.command_run import KIND_AUDIT
from experiments.tracking.retry import TrackingError
from experiments.tracking.store import check_answers
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import absolute


@terminable()
@own_scratch()
def repair_and_log(options: RepairOptions) -> int:
    """The exit status of the command, as ``main`` describes it."""
    context = options.context()
    request, suspicions = _audit(options)
    check_apart(request, options.out, TABLES)
    plan = plan_repair(
        request,
        suspicions,
        None,
        context=context,
        decisions=options.decisions,
        truth=options.truth,
        validation=options.clean(None),
        other_validation=options.validation is not None,
    )
    if plan.source is not None:
        target_of(plan.source, options.out)
    with (
        output_folder(options.out) as out,
        repair_run(request, options.audit, plan.origin, options.uri, options.experiment) as record,
    ):
        result = plan.run(context, range(options.seeds))
        written = result.write_set(out)
        with TemporaryDirectory(prefix="influence-") as folder:
            result.write(Path(folder))
            deliver(Path(folder), out)
            record.log(result.metrics, Path(folder))
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{result}\n{written}\nrun {record.run_id}")
    return record.exit_status()


def _audit(options: RepairOptions) -> tuple[AuditRequest, pd.DataFrame]:
    """What was audited, and its suspicions."""
    uri = absolute(options.uri)
    check_answers(uri)
    tracker = Tracker(uri, "0", patience=0.0)
    try:
        audited = tracker.run(options.audit)
    except TrackingError as error:
        raise UserError(f"no run {options.audit!r} in the tracking store") from error
    tags = audited.data.tags
    if tags.get(schema.KIND) != KIND_AUDIT or audited.info.status != "FINISHED":
        raise UserError(f"run {options.audit!r} is not a finished audit")
    asked = {k.removeprefix("audit."): v for k, v in tags.items() if k.startswith("audit.")}
    if asked["data"] == IN_MEMORY:
        raise UserError(
            f"run {options.audit!r} audited data in memory; repair them in Python "
            "(experiments.repair.repair)"
        )
    request = AuditRequest.from_params(asked)
    with TemporaryDirectory(prefix="influence-") as folder:
        stored = tracker.download(options.audit, f"{SUSPICIONS}.parquet", Path(folder))
        return request, pd.read_parquet(stored)
