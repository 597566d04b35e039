"""What ``python -m experiments.repair`` does once its options are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from rich.console import Console

from common.csv_safety import write_csv
from common.errors import UserError
from experiments import schema
from experiments.audit.input.data import AuditData, read
from experiments.audit.model_choice import ModelChoice, choose_model
from experiments.audit.output.files import SUSPICIONS, deliver, output_folder
from experiments.commands.repair_options import RepairOptions
from experiments.datasets.base import DatasetSource
from experiments.datasets.lookup import source_for
from experiments.repair.decisions import Decisions, propose, read_decisions, validated
from experiments.repair.gain import Gain, check_measurable, gain
from experiments.repair.rewrite import Repaired, target_of, write_repaired
from experiments.tracking.command_run import KIND_AUDIT, KIND_REPAIR, command_run
from experiments.tracking.retry import TrackingError
from experiments.tracking.store import check_answers
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import absolute
from experiments.training.context import TrialContext

DECISIONS = "decisions.csv"
GAIN = "gain.csv"


@dataclass(frozen=True)
class _Plan:
    """What a repair does, checked before anything is trained."""

    source: DatasetSource
    label: str | None
    data: AuditData
    table: pd.DataFrame
    decisions: Decisions
    truth: Decisions | None
    recipe: ModelChoice
    target: Path


def repair_and_log(options: RepairOptions) -> int:
    """The exit status of the command, as ``main`` describes it."""
    context = options.context()
    asked, suspicions = _audit(options)
    plan = _plan(asked, suspicions, options, context)
    params = {"audit": options.audit, "decisions": str(options.decisions or "proposed")}
    name = f"repair of {Path(asked['data']).name}"
    with (
        output_folder(options.out) as out,
        command_run(options.uri, options.experiment, name, KIND_REPAIR, params) as record,
    ):
        measured = gain(
            plan.data, plan.decisions, plan.truth, plan.recipe, context, range(options.seeds)
        )
        written = write_repaired(plan.source, _repaired(plan), plan.target)
        with TemporaryDirectory(prefix="influence-") as folder:
            write_csv(plan.table, Path(folder) / DECISIONS)
            measured.table().to_csv(Path(folder) / GAIN, index=False)
            deliver(Path(folder), out)
            record.log(_metrics(measured), Path(folder))
    _report(plan, measured, f"{written}\nrun {record.run_id}")
    return record.exit_status()


def _audit(options: RepairOptions) -> tuple[Mapping[str, str], pd.DataFrame]:
    """The options of the audit, and its suspicions."""
    uri = absolute(options.uri)
    check_answers(uri)
    tracker = Tracker(uri, "0", patience=0.0)
    try:
        audited = tracker.run(options.audit)
    except TrackingError as error:
        raise UserError(f"no run {options.audit!r} in the tracking store") from error
    if audited.data.tags.get(schema.KIND) != KIND_AUDIT or audited.info.status != "FINISHED":
        raise UserError(f"run {options.audit!r} is not a finished audit")
    tags = audited.data.tags
    asked = {k.removeprefix("audit."): v for k, v in tags.items() if k.startswith("audit.")}
    with TemporaryDirectory(prefix="influence-") as folder:
        stored = tracker.download(options.audit, f"{SUSPICIONS}.parquet", Path(folder))
        return asked, pd.read_parquet(stored)


def _plan(
    asked: Mapping[str, str],
    suspicions: pd.DataFrame,
    options: RepairOptions,
    context: TrialContext,
) -> _Plan:
    label = asked["label"] or None
    source = source_for(asked["data"], context.data_root)
    target = target_of(source, options.out)
    data = read(asked["data"], label, options.clean(asked["validation"] or None), context)
    if options.validation is None and data.train.digest != asked["digest"]:
        raise UserError(f"{asked['data']} has changed since the audit; audit it again")
    table, what = propose(suspicions), "the proposal of the audit"
    if options.decisions is not None:
        table, what = read_decisions(options.decisions), str(options.decisions)
    decisions = validated(table, data.train, what)
    check_measurable(data, decisions, what)
    truth = None
    if options.truth is not None:
        truth = validated(read_decisions(options.truth), data.train, str(options.truth))
    rate = float(asked["learning_rate"])
    recipe = choose_model(data.train, context, asked["model"], learning_rate=rate)
    return _Plan(source, label, data, table, decisions, truth, recipe, target)


def _repaired(plan: _Plan) -> Repaired:
    kept, labels = plan.decisions.apply(plan.data.train.y)
    return Repaired(plan.data.train, plan.label, kept, labels)


def _metrics(measured: Gain) -> dict[str, float]:
    return {
        f"accuracy/{row['trained on'].replace(' ', '_')}": float(row["accuracy"])
        for row in measured.table().to_dict("records")
    }


def _report(plan: _Plan, measured: Gain, places: str) -> None:
    console = Console(highlight=False, markup=False)
    console.print(
        f"{len(plan.decisions.relabelled)} relabelled, {len(plan.decisions.dropped)} dropped of "
        f"{len(plan.data.train)} samples"
    )
    console.print(measured.table().to_string(index=False, float_format="{:.3f}".format))
    console.print(measured.sentence(), soft_wrap=True)
    console.print(places, soft_wrap=True)
