"""The glitches of a trial put into its training set."""

from __future__ import annotations

from common.dataset import Dataset
from common.seeds import generator
from experiments.training.context import TrialContext
from experiments.trial.load import load_donors
from experiments.trial.spec import TrialSpec
from glitches.contaminated import Contaminated


def inject(spec: TrialSpec, context: TrialContext, clean: Dataset, pool: Dataset) -> Contaminated:
    """The training set of the spec, dirty, from its clean one.

    Args:
        spec: names glitch, ratio and seed.
        context: where donors of foreign samples lie.
        clean: the training part of ``pool``.
        pool: the drawn subset; no sample is added that it holds already.
    """
    return spec.plan.inject(
        clean, spec.ratio, generator(spec.seed, "inject"), load_donors(spec, context, pool)
    )
