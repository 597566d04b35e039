"""``python -m experiments.repair``: act on an audit, and measure what that gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from mlflow.exceptions import MlflowException
from rich.console import Console

from common.cli import parse, run
from common.csv_safety import write_csv
from common.errors import UserError
from experiments import schema
from experiments.audit.input.data import AuditData, read
from experiments.audit.model_choice import recipe_for
from experiments.audit.output.files import SUSPICIONS, deliver, made
from experiments.commands.repair_options import RepairOptions
from experiments.datasets.lookup import source_for
from experiments.repair.decisions import Decisions, decided, proposed, read_decisions
from experiments.repair.gain import gain
from experiments.repair.rewrite import Repaired, target, write_repaired
from experiments.tracking.command_run import KIND_AUDIT, KIND_REPAIR, recording
from experiments.tracking.retry import TrackingError
from experiments.tracking.store import check_answers
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import absolute
from experiments.training.context import TrialContext

PROGRAM = "python -m experiments.repair"
DESCRIPTION = "Repair a training set after its audit, beside it, and measure what that gains."
DECISIONS = "decisions.csv"
GAIN = "gain.csv"


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 if the repair is done, 2 for bad input."""
    return run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    options = parse(RepairOptions, PROGRAM, DESCRIPTION, argv)
    console = Console(highlight=False, markup=False)
    context = options.context()
    asked, suspicions = _audit(options)
    data = _data(asked, options, context)
    table = proposed(suspicions)
    if options.decisions is not None:
        table = read_decisions(options.decisions)
    decisions = decided(table, data.train, str(options.decisions or "the audit's proposal"))
    truth = _truth(options.truth, data)
    rate = float(asked["learning_rate"])
    recipe = recipe_for(data.train, context, asked["model"], learning_rate=rate)
    out = made(options.out)
    source = source_for(asked["data"], context.data_root)
    path = target(source, out)
    params = {"audit": options.audit, "decisions": str(options.decisions or "proposed")}
    name = f"repair of {Path(asked['data']).name}"
    with recording(options.uri, options.experiment, name, KIND_REPAIR, params) as record:
        found = gain(data, decisions, truth, recipe, context, range(options.seeds))
        with TemporaryDirectory(prefix="influence-") as folder:
            write_csv(table, Path(folder) / DECISIONS)
            found.table().to_csv(Path(folder) / GAIN, index=False)
            record.keep(
                {
                    f"accuracy/{row['trained on'].replace(' ', '_')}": float(row["accuracy"])
                    for row in found.table().to_dict("records")
                },
                Path(folder),
            )
            deliver(Path(folder), out)
    kept, labels = decisions.apply(data.train.y)
    repaired = Repaired(data.train, asked["label"] or None, kept, labels)
    written = write_repaired(source, repaired, path)
    console.print(
        f"{len(decisions.relabelled)} relabelled, {len(decisions.dropped)} dropped of "
        f"{len(data.train)} samples"
    )
    console.print(found.table().to_string(index=False, float_format="{:.3f}".format))
    console.print(found.sentence(), soft_wrap=True)
    console.print(f"{written}\nrun {record.run_id}", soft_wrap=True)
    return 0


def _audit(options: RepairOptions) -> tuple[Mapping[str, str], pd.DataFrame]:
    """What the audit was asked, and its suspicions."""
    uri = absolute(options.uri)
    check_answers(uri)
    tracker = Tracker(uri, "0", patience=0.0)
    try:
        audited = tracker.run(options.audit)
    except (TrackingError, MlflowException) as error:
        raise UserError(f"no run {options.audit!r} in the tracking store") from error
    if audited.data.tags.get(schema.KIND) != KIND_AUDIT or audited.info.status != "FINISHED":
        raise UserError(f"run {options.audit!r} is no finished audit")
    tags = audited.data.tags
    asked = {k.removeprefix("audit."): v for k, v in tags.items() if k.startswith("audit.")}
    with TemporaryDirectory(prefix="influence-") as folder:
        stored = tracker.download(options.audit, f"{SUSPICIONS}.parquet", Path(folder))
        return asked, pd.read_parquet(stored)


def _data(asked: Mapping[str, str], options: RepairOptions, context: TrialContext) -> AuditData:
    clean = options.clean(asked["validation"] or None)
    data = read(asked["data"], asked["label"] or None, clean, context)
    if options.validation is None and data.train.digest != asked["digest"]:
        raise UserError(f"{asked['data']} has changed since the audit: audit it again")
    return data


def _truth(path: Path | None, data: AuditData) -> Decisions | None:
    return None if path is None else decided(read_decisions(path), data.train, str(path))
