"""Does the influence mean what it says? One trial of retraining, and every estimator beside it.

    python -m experiments.truth --dataset wine --model softmax_regression --seeds 0,1,2

leaves training samples out, one at a time and by halves, retrains, and compares what happens to the
validation losses with what each estimator of influence says. Runs go to MLflow; a table is printed.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from common.seeds import derive_seed, generator
from experiments.context import StepClock, TrialContext
from experiments.evaluate import dynamics, evaluate_signals, peak_rss_mib
from experiments.load import load_dataset, load_donors
from experiments.prepare import prepare
from experiments.result import TrialResult
from experiments.retraining import Retraining, without_noise
from experiments.spec import TrialSpec
from experiments.split import draw_subset, split, with_wrong_labels
from glitches.parse import parse_glitch
from influence.estimators import ESTIMATORS
from influence.estimators.exact import exact_profile
from influence.signals import select
from influence.truth import (
    LeftOut,
    leave_one_out,
    linear_datamodeling_scores,
    random_subsets,
    rank_correlations,
    subset_losses,
)
from models.training import fit

COMPARED = ("exact", "captum_all_layers", "inverse_hessian", "arnoldi")
LEFT_OUT = 128
SUBSETS = 128
SHARE = 0.5
TABLE = "truth.parquet"


@dataclass(frozen=True)
class Truth:
    """What retraining found.

    Attributes:
        left_out: of single samples.
        masks: subsets, (K, n).
        losses: validation losses after training on each, (K, m).
    """

    left_out: LeftOut
    masks: NDArray[np.bool_]
    losses: NDArray[np.floating]


def find_truth(retraining: Retraining, seed: int) -> Truth:
    """Retrain without each of up to ``LEFT_OUT`` samples, and on ``SUBSETS`` random halves."""
    n = len(retraining.y_train)
    rows = generator(seed, "truth/left out").permutation(n)[:LEFT_OUT]
    masks = random_subsets(n, SUBSETS, SHARE, generator(seed, "truth/subsets"))
    left_out = leave_one_out(retraining, n, np.sort(rows))
    return Truth(left_out, masks, subset_losses(retraining, masks))


def agreement(
    truth: Truth, influence: NDArray[np.floating], own: NDArray[np.floating]
) -> tuple[dict[str, float], pd.DataFrame]:
    """How well one estimator's I(i → j), (n, m), and I(i → i), (n,), tell the truth.

    Returns:
        Metrics by name, and one row a sample: ``measure``, ``sample`` and ``value``, where
        ``loo_train`` is the rank correlation over the validation samples for a training sample,
        ``loo_validation`` that over the training samples for a validation sample, and ``lds`` the
        linear datamodeling score of a validation sample.
    """
    left_out = truth.left_out
    predicted, found = influence[left_out.rows], left_out.on_validation
    by_sample = {
        "loo_train": (left_out.rows, rank_correlations(predicted, found)),
        "loo_validation": (np.arange(found.shape[1]), rank_correlations(predicted.T, found.T)),
        "lds": (
            np.arange(found.shape[1]),
            linear_datamodeling_scores(influence, truth.masks, truth.losses),
        ),
    }
    whole = {
        "loo_marginal": (predicted.sum(axis=1), found.sum(axis=1)),
        "loo_self": (own[left_out.rows], left_out.on_itself),
    }
    metrics = {name: float(np.nanmean(values)) for name, (_, values) in by_sample.items()}
    metrics |= {
        name: float(rank_correlations(first[None], second[None])[0])
        for name, (first, second) in whole.items()
    }
    table = pd.concat(
        pd.DataFrame({"measure": name, "sample": samples, "value": values})
        for name, (samples, values) in by_sample.items()
    )
    return metrics, table


def run_trial(spec: TrialSpec, context: TrialContext) -> TrialResult:
    """A trial in double precision and without dropout, and its comparison with retraining.

    It stands in for :func:`experiments.trial.run_trial`: its metrics are those of
    :func:`agreement` as ``measure/estimator``, beside those of the signals.
    """
    torch.set_num_threads(context.threads)
    clock = StepClock()

    with clock("load"):
        dataset = load_dataset(spec, context)

    with clock("inject"):
        pool = draw_subset(dataset.data, spec.subset, spec.seed)
        clean, validation = split(pool, spec.seed)
        validation = with_wrong_labels(validation, spec.validation_noise, spec.seed)
        train = parse_glitch(spec.glitch).inject(
            clean, spec.ratio, generator(spec.seed, "inject"), load_donors(spec, context, pool)
        )

    with clock("features"):
        prepared = prepare(spec, context, train.data, validation, pool)
        network = without_noise(prepared.model.network)
        x_train, x_validation = prepared.train.double(), prepared.validation.double()
        samples = x_train, train.data.y, x_validation, validation.y
        seed = derive_seed(spec.seed, "train")

    with clock("retrain"):
        truth = find_truth(
            Retraining(copy.deepcopy(network), *samples, spec.settings, seed), spec.seed
        )

    with clock("train"):
        record = fit(network, *samples, spec.settings, seed=seed, device=context.device)

    metrics: dict[str, float] = {"lds/retrainings": float(len(truth.masks))}
    tables = []
    for name in COMPARED:
        with clock(name):
            influence, own = ESTIMATORS[name].matrix(record)
        found, table = agreement(truth, influence, own)
        metrics |= {f"{measure}/{name}": value for measure, value in found.items()}
        tables.append(table.assign(estimator=name))

    with clock("signals"):
        profile = exact_profile(record.trace)
        scores, detected, epoch_f1 = evaluate_signals(
            select(spec.signals),
            prepared.evidence(profile, record.trace, spec.seed),
            train,
            spec.seed,
        )

    return TrialResult(
        spec=spec,
        dataset=dataset.identity,
        train=train,
        validation=validation,
        scores=scores,
        metrics=detected | metrics,
        epoch_metrics=epoch_f1 | dynamics(record.trace, train.is_glitch),
        profile=profile,
        seconds=clock.seconds,
        peak_rss_mib=peak_rss_mib(),
        tables={TABLE: pd.concat(tables, ignore_index=True)},
    )
