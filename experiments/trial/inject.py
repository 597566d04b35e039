"""Injecting the glitches of a trial into its training set."""

from __future__ import annotations

from common.dataset import Dataset
from common.seeds import generator
from experiments.training.context import TrialContext
from experiments.trial.load import load_donors
from experiments.trial.spec import TrialSpec
from glitches.contaminated import Contaminated


def inject(spec: TrialSpec, context: TrialContext, clean: Dataset, pool: Dataset) -> Contaminated:
    """The contaminated training set of a trial.

    Args:
        spec: glitch, ratio and seed.
        context: where foreign samples are loaded from.
        clean: the training part of ``pool``.
        pool: the drawn subset; samples that are in it are not added.
    """
    return spec.plan.inject(
        clean, spec.ratio, generator(spec.seed, "inject"), load_donors(spec, context, pool)
    )
