"""One trial: the paper's Figure 3 from top to bottom."""

from __future__ import annotations

import torch

from experiments.machine import peak_mib
from experiments.training.context import StepClock, TrialContext
from experiments.training.prepare import prepare
from experiments.trial.evaluate import dynamics, evaluate_signals
from experiments.trial.ground_truth import TruthCheck, check_truth
from experiments.trial.inject import inject
from experiments.trial.load import load_dataset
from experiments.trial.result import DatasetIdentity, TrialResult
from experiments.trial.spec import TrialSpec
from experiments.trial.split import draw_subset, split, with_wrong_labels
from influence.estimators import ESTIMATORS
from influence.signals import select


def run_trial(spec: TrialSpec, context: TrialContext) -> TrialResult:
    """Inject, train, trace, score. Equal specs give equal numbers, whatever the context.

    Raises ``UserError`` for what the user can correct, before training wherever possible.
    """
    torch.set_num_threads(context.threads)
    clock = StepClock()

    with clock("load"):
        dataset = load_dataset(spec, context)

    with clock("inject"):
        pool = draw_subset(dataset, spec.subset, spec.seed)
        clean, validation = split(pool, spec.seed)
        validation = with_wrong_labels(validation, spec.validation_noise, spec.seed)
        train = inject(spec, context, clean, pool)

    with clock("features"):
        prepared = prepare(spec, context, train.data, validation, pool)

    truth = TruthCheck()
    if spec.truth:
        with clock("truth"):
            truth = check_truth(spec, context, train.data, validation, pool)

    with clock("train"):
        record = prepared.fit()

    with clock("influence"):
        profile = ESTIMATORS[spec.estimator].profile(record).as_stored()

    with clock("signals"):
        scores, found = evaluate_signals(
            select(spec.signals),
            prepared.evidence(profile, record.trace),
            train,
            spec.seed,
        )

    return TrialResult(
        spec=spec,
        dataset=DatasetIdentity.of(dataset),
        train=train,
        validation=validation,
        scores=scores,
        metrics=found.metrics | dict(truth.metrics),
        epoch_metrics=found.epoch_metrics | dynamics(record.trace, train.is_glitch),
        profile=profile,
        seconds=clock.seconds,
        peak_rss_mib=peak_mib(),
        tables={**truth.tables, **found.tables},
    )
