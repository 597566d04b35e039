"""What a trial loads beside its training set."""

from pathlib import Path

import numpy as np

from experiments.training.context import TrialContext
from experiments.trial.load import load_dataset, load_donors
from experiments.trial.resolve import resolve
from experiments.trial.run import run_trial
from experiments.trial.split import draw_subset


def test_spare_samples_are_those_that_were_not_drawn(tmp_path: Path) -> None:
    spec = resolve(
        {
            "dataset": "digits",
            "model": "resnet20",
            "glitch": "stripe_outliers(mode=added)",
            "subset": 0.3,
        },
        None,
    )
    context = TrialContext(None, tmp_path)
    pool = draw_subset(load_dataset(spec, context), 0.3, 0)
    donors = load_donors(spec, context, pool)
    assert donors.foreign is None
    assert donors.spare is not None
    spare = donors.spare()
    together = np.concatenate([pool.source_index, spare.source_index])
    assert sorted(together) == list(range(1797))


def test_the_foreign_set_is_loaded_where_the_glitch_wants_it(tmp_path: Path) -> None:
    spec = resolve(
        {"dataset": "digits", "model": "resnet20", "glitch": "far_clustered_anomalies"}, None
    )
    context = TrialContext(None, tmp_path)
    donors = load_donors(spec, context, load_dataset(spec, context))
    assert donors.foreign is not None
    assert donors.foreign.name == "photo_patches"


def test_added_outliers_run_in_a_trial(tmp_path: Path) -> None:
    spec = resolve(
        {
            "dataset": "digits",
            "model": "resnet20",
            "glitch": "stripe_outliers(mode=added)",
            "subset": 0.2,
            "epochs": 1,
            "ratio": 0.1,
        },
        None,
    )
    result = run_trial(spec, TrialContext(None, tmp_path))
    assert set(result.scores["glitch"]) == {"clean", "stripe_outliers(mode=added)"}
    assert result.scores["is_glitch"].sum() == int(0.1 * len(result.scores))
