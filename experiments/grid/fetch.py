"""Downloads what the trials of a grid lack, once, before the workers start."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from experiments.datasets.base import DataOptions
from experiments.datasets.corrupted import published_images
from experiments.datasets.lookup import source_for
from experiments.training.build import build
from experiments.training.context import TrialContext
from experiments.trial.load import data_options
from experiments.trial.spec import TrialSpec


def fetch(specs: Iterable[TrialSpec], context: TrialContext, say: Callable[[str], None]) -> None:
    """Load every dataset and build every model of these trials once.

    Args:
        specs: trials that lack something.
        context: names the data root, where files go.
        say: told what is fetched next.

    Raises ``UserError`` where something cannot be had.
    """
    done: set[object] = set()
    for spec in specs:
        options = DataOptions(context.data_root)
        key = (spec.dataset, spec.model, spec.pretrained)
        if key not in done:
            done.add(key)
            say(f"fetching what {spec.dataset} and {spec.model} need")
            data = source_for(spec.dataset, context.data_root).load(data_options(spec, context))
            build(spec, replace(context, device="cpu"), data)
        if spec.foreign is not None and spec.foreign not in done:
            done.add(spec.foreign)
            say(f"fetching {spec.foreign}")
            source_for(spec.foreign, context.data_root).load(options)
        for corruption, severity in spec.plan.published():
            if (spec.dataset, corruption) not in done:
                done.add((spec.dataset, corruption))
                say(f"fetching {corruption} of {spec.dataset}")
                published_images(spec.dataset, options, corruption, severity)
