from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from common.errors import UserError
from experiments.datasets import DATASETS
from experiments.datasets.bundled import DIGITS
from experiments.trial.spec import TrialSpec


def spec(**changes: Any) -> TrialSpec:
    values = {"dataset": "digits", "model": "resnet20", "glitch": "uniform_noise"} | changes
    return TrialSpec.from_mapping(values)


def test_settings_left_open_are_the_published_ones() -> None:
    mnist = spec(dataset="mnist", ratio=0.1)
    assert (mnist.epochs, mnist.batch_size, mnist.learning_rate) == (7, 128, 0.1)
    assert mnist.pretrained
    assert mnist.subset == 0.1


def test_the_name_reads_like_a_path() -> None:
    assert spec(ratio=0.05, seed=3).name == "digits/resnet20/uniform_noise@0.05#3"


def test_the_hash_covers_every_field() -> None:
    base = spec(pretrained=True)
    changed = {
        "dataset": "mnist",
        "model": "resnet20",
        "glitch": "class_dependent_noise",
        "ratio": 0.2,
        "seed": 1,
        "estimator": "captum",
        "epochs": 3,
        "batch_size": 7,
        "learning_rate": 0.5,
        "pretrained": False,
        "keep_classifier": True,
        "subset": 0.5,
        "signals": "all",
        "validation_noise": 0.2,
    }
    for name in set(changed) - {"model"}:
        assert spec(**{"pretrained": True, name: changed[name]}).spec_hash != base.spec_hash, name
    assert {f.name for f in fields(TrialSpec)} >= set(changed)


def test_a_published_setting_and_its_value_written_out_are_one_trial() -> None:
    assert spec(epochs=spec().epochs, subset=1.0).spec_hash == spec().spec_hash


def test_hashes_are_pinned() -> None:
    # Finished trials are known by them: a change here makes every store run its trials again.
    assert spec().spec_hash == "f36557a4c40cd1d9"
    assert spec(dataset="mnist", ratio=0.3, seed=4).spec_hash == "582ff5a8d11665b0"


def test_a_spec_survives_its_own_fields() -> None:
    assert TrialSpec.from_mapping(asdict(spec(ratio=0.3))) == spec(ratio=0.3)


def test_without_a_glitch_the_ratio_is_zero() -> None:
    assert spec(glitch="none", ratio=0.3) == spec(glitch="none", ratio=0.1)
    assert spec(glitch="none").ratio == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "mnsit"}, r"unknown dataset 'mnsit' \(did you mean 'mnist'\?\)"),
        ({"model": "resnet2"}, r"unknown model 'resnet2' \(did you mean 'resnet20'\?\)"),
        ({"glitch": "uniform"}, r"unknown glitch 'uniform'"),
        ({"estimator": "exakt"}, r"unknown estimator 'exakt' \(did you mean 'exact'\?\)"),
        ({"signals": "paper+cnic"}, r"unknown signal 'cnic' \(did you mean 'cnci'\?\)"),
        ({"sead": 1}, r"unknown trial field 'sead' \(did you mean 'seed'\?\)"),
        ({"ratio": 0.0}, r"ratio must lie in \(0, 0\.5\], however: 0\.0"),
        ({"ratio": 0.51}, r"ratio must lie in \(0, 0\.5\], however: 0\.51"),
        ({"ratio": float("nan")}, r"ratio must lie in \(0, 0\.5\], however: nan"),
        ({"seed": -1}, "seed must be a whole number from 0, however: -1"),
        ({"seed": 1.5}, "seed must be a whole number from 0, however: 1.5"),
        ({"epochs": 0}, "epochs must be at least 1, however: 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, however: 0"),
        ({"learning_rate": -0.1}, "learning_rate must be positive, however: -0.1"),
        ({"validation_noise": 0.6}, r"validation_noise must lie in \[0, 0\.5\], however: 0\.6"),
        ({"foreign": "mnist"}, "foreign='mnist' has no use with glitch 'uniform_noise'"),
        (
            {"glitch": "far_clustered_anomalies", "foreign": "wine"},
            "foreign must be an image dataset, however: 'wine'",
        ),
        ({"keep_classifier": True}, "keep_classifier needs pretrained weights"),
        ({"subset": 0.0}, r"subset must lie in \(0, 1\], however: 0\.0"),
        ({"model": "mlp"}, "model 'mlp' is for tabular data, however 'digits' is image"),
        (
            {"glitch": "near_clustered_anomalies"},
            "glitch 'near_clustered_anomalies' is for tabular data, however 'digits' is image",
        ),
        (
            {"dataset": "wine", "model": "mlp", "glitch": "stripe_outliers"},
            "glitch 'stripe_outliers' is for image data, however 'wine' is tabular",
        ),
    ],
)
def test_bad_fields_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        spec(**changes)


def test_the_foreign_set_is_settled_only_where_it_is_used() -> None:
    far = spec(glitch="far_clustered_anomalies")
    assert far.foreign == "photo_patches"
    assert spec(glitch="far_clustered_anomalies", foreign="photo_patches") == far
    assert spec().foreign is None


def test_a_set_without_a_foreign_one_must_name_it() -> None:
    DATASETS.register("lonely", "experiments.datasets.base:SomeSource")
    with pytest.MonkeyPatch.context() as patch:
        lonely = replace(DIGITS, foreign=None)
        patch.setattr("experiments.datasets.base.SomeSource", lonely, raising=False)
        with pytest.raises(UserError, match="'lonely' has none by default: name one with foreign"):
            spec(dataset="lonely", glitch="far_clustered_anomalies")
    DATASETS.unregister("lonely")


def test_a_trial_needs_its_three_names() -> None:
    with pytest.raises(UserError, match="a trial needs model, glitch"):
        TrialSpec.from_mapping({"dataset": "digits"})
