"""Comparing estimators of influence with the effect of retraining without samples."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.dataset import Dataset
from common.seeds import derive_seed, generator
from experiments import schema
from experiments.training.context import TrialContext
from experiments.training.prepare import prepare
from experiments.training.retraining import Retraining, without_noise
from experiments.trial.spec import TrialSpec
from influence.estimators import ESTIMATORS
from influence.ground_truth import (
    LeftOut,
    leave_one_out,
    linear_datamodeling_scores,
    random_subsets,
    rank_correlations,
    subset_losses,
)
from models.training import LabelledInputs, fit

COMPARED = ("exact", "captum_all_layers", "inverse_hessian", "arnoldi")
LEFT_OUT = 128
SUBSETS = 128
SHARE = 0.5


@dataclass(frozen=True)
class TruthCheck:
    """The comparison as a trial stores it; empty for a trial that does not ask for it.

    Attributes:
        metrics: those of :func:`agreement` as ``measure/estimator``, and the numbers of trained
            models, ``retrainings/loo`` and ``retrainings/lds``.
        tables: ``truth.parquet``, the tables of :func:`agreement` with a column ``estimator``.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Truth:
    """Results of retraining.

    Attributes:
        left_out: the effect of leaving out single samples.
        masks: subsets, (K, n).
        losses: validation losses after training on each subset, (K, m).
    """

    left_out: LeftOut
    masks: NDArray[np.bool_]
    losses: NDArray[np.floating]


def find_truth(retraining: Retraining, seed: int) -> Truth:
    """Retrain without each of up to ``LEFT_OUT`` samples, and on ``SUBSETS`` random halves."""
    n = len(retraining.train.y)
    rows = generator(seed, "truth/left out").permutation(n)[:LEFT_OUT]
    masks = random_subsets(n, SUBSETS, SHARE, generator(seed, "truth/subsets"))
    left_out = leave_one_out(retraining, n, np.sort(rows))
    return Truth(left_out, masks, subset_losses(retraining, masks))


def agreement(
    truth: Truth, influence: NDArray[np.floating], own: NDArray[np.floating]
) -> tuple[dict[str, float], pd.DataFrame]:
    """How well the I(i → j), (n, m), and I(i → i), (n,), of an estimator agree with retraining.

    Returns:
        Metrics by name, and a table with columns ``measure``, ``sample`` and ``value``. Its
        measures are ``loo_train``, the rank correlation over the validation samples for a training
        sample, ``loo_validation``, that over the training samples for a validation sample, and
        ``lds``, the linear datamodeling score of a validation sample.
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


def check_truth(
    spec: TrialSpec, context: TrialContext, train: Dataset, validation: Dataset, pool: Dataset
) -> TruthCheck:
    """Compare every estimator of ``COMPARED`` with retraining the model of the trial.

    The models are trained in double precision and without dropout, so that they differ only in the
    samples that are left out.

    Args:
        spec, context, train, validation, pool: as
            :func:`experiments.training.prepare.prepare` takes them.

    Raises:
        UserError: the model has batch normalisation.
    """
    prepared = prepare(spec, context, train, validation, pool)
    network = without_noise(prepared.model.network)
    in_double = [LabelledInputs(x.double(), y) for x, y in (prepared.train, prepared.validation)]
    seed = derive_seed(spec.seed, "train")
    retraining = Retraining(copy.deepcopy(network), in_double[0], in_double[1], spec.settings, seed)
    truth = find_truth(retraining, spec.seed)
    record = fit(network, in_double[0], in_double[1], spec.settings, seed=seed)

    metrics = {
        "retrainings/loo": float(len(truth.left_out.rows)),
        "retrainings/lds": float(len(truth.masks)),
    }
    tables = []
    for name in COMPARED:
        found, table = agreement(truth, *ESTIMATORS[name].matrix(record))
        metrics |= {f"{measure}/{name}": value for measure, value in found.items()}
        tables.append(table.assign(estimator=name))
    return TruthCheck(metrics, {schema.TRUTH_FILE: pd.concat(tables, ignore_index=True)})
