"""From requests to trials."""

from dataclasses import replace
from typing import Any

import pytest

from common.errors import UserError
from experiments.datasets import DATASETS
from experiments.datasets.bundled import DIGITS
from experiments.trial.resolve import resolve
from experiments.trial.spec import TrialSpec


def resolved(**changes: Any) -> TrialSpec:
    return resolve(
        {"dataset": "digits", "model": "resnet20", "glitch": "uniform_noise"} | changes, None
    )


def test_settings_left_open_are_the_published_ones() -> None:
    mnist = resolved(dataset="mnist", ratio=0.1)
    assert (mnist.epochs, mnist.batch_size, mnist.learning_rate) == (7, 128, 0.1)
    assert mnist.pretrained
    assert mnist.subset == 0.1


def test_a_published_setting_and_its_value_written_out_are_one_trial() -> None:
    written_out = resolved(epochs=resolved().epochs, subset=1.0, foreign=None)
    assert written_out.spec_hash == resolved().spec_hash


def test_without_a_glitch_the_ratio_is_zero() -> None:
    assert resolved(glitch="none", ratio=0.3) == resolved(glitch="none", ratio=0.1)
    assert resolved(glitch="none").ratio == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "mnsit"}, r"unknown dataset 'mnsit' \(did you mean 'mnist'\?\)"),
        ({"model": "resnet2"}, r"unknown model 'resnet2' \(did you mean 'resnet20'\?\)"),
        ({"glitch": "uniform"}, r"unknown glitch 'uniform'"),
        ({"estimator": "exakt"}, r"unknown estimator 'exakt' \(did you mean 'exact'\?\)"),
        ({"signals": "paper+cnic"}, r"unknown signal 'cnic' \(did you mean 'cnci'\?\)"),
        ({"sead": 1}, r"unknown trial field 'sead' \(did you mean 'seed'\?\)"),
        ({"ratio": 0.0}, r"ratio .*\(0, 0\.5\].* 0\.0"),
        ({"ratio": 0.51}, r"ratio .*\(0, 0\.5\].* 0\.51"),
        ({"ratio": float("nan")}, r"ratio .* nan"),
        ({"seed": -1}, "seed .* -1"),
        ({"seed": 1.5}, "seed .* 1.5"),
        ({"epochs": 0}, "epochs .*at least 1.* 0"),
        ({"batch_size": 0}, "batch_size .*at least 1.* 0"),
        ({"learning_rate": -0.1}, "learning_rate .* -0.1"),
        ({"validation_noise": 0.6}, r"validation_noise .*\[0, 0\.5\].* 0\.6"),
        ({"foreign": "mnist"}, "foreign='mnist' .* 'uniform_noise'"),
        ({"glitch": "far_clustered_anomalies", "foreign": "wine"}, "foreign .*image.* 'wine'"),
        ({"keep_classifier": True}, "keep_classifier needs pretrained weights"),
        ({"subset": 0.0}, r"subset .*\(0, 1\].* 0\.0"),
        ({"model": "mlp"}, "model 'mlp' is for tabular data, .*'digits' is image"),
        (
            {"glitch": "near_clustered_anomalies"},
            "glitch 'near_clustered_anomalies' is for tabular data, .*'digits' is image",
        ),
        (
            {"dataset": "wine", "model": "mlp", "glitch": "stripe_outliers"},
            "glitch 'stripe_outliers' is for image data, .*'wine' is tabular",
        ),
    ],
)
def test_bad_fields_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        resolved(**changes)


def test_the_foreign_set_is_settled_only_where_it_is_used() -> None:
    far = resolved(glitch="far_clustered_anomalies")
    assert far.foreign == "photo_patches"
    assert resolved(glitch="far_clustered_anomalies", foreign="photo_patches") == far
    assert resolved().foreign is None


def test_a_set_without_a_foreign_one_must_name_it() -> None:
    DATASETS.register("lonely", "experiments.datasets.base:SomeSource")
    with pytest.MonkeyPatch.context() as patch:
        lonely = replace(DIGITS, foreign=None)
        patch.setattr("experiments.datasets.base.SomeSource", lonely, raising=False)
        with pytest.raises(UserError, match="'lonely' has none by default: name one with foreign"):
            resolved(dataset="lonely", glitch="far_clustered_anomalies")
    DATASETS.unregister("lonely")


def test_a_trial_needs_its_three_names() -> None:
    with pytest.raises(UserError, match="a trial needs model, glitch"):
        resolve({"dataset": "digits"}, None)
