"""From requests to trials."""

from dataclasses import asdict, fields, replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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
        ({"seed": True}, "seed .*True"),
        ({"seed": 10**6000}, "seed .*whole number"),
        ({"epochs": 1.5}, r"epochs .*1\.5"),
        ({"batch_size": "32"}, "batch_size .*'32'"),
        ({"learning_rate": float("nan")}, "learning_rate .*nan"),
        ({"learning_rate": float("inf")}, "learning_rate .*inf"),
        ({"learning_rate": True}, "learning_rate .*True"),
        ({"pretrained": "false"}, "pretrained .*'false'"),
        ({"truth": "no"}, "truth .*'no'"),
        ({"truth": 1}, "truth .*1"),
        ({"glitch": ["none"]}, "glitch .*none"),
        ({"dataset": "~nobody-here/x.csv"}, "nobody-here"),
        ({"dataset": "a\0b.csv"}, "no data at"),
        ({"dataset": "x" * 5000 + ".csv"}, "no data at"),
        ({"epochs": 0}, "epochs .*at least 1.* 0"),
        ({"batch_size": 0}, "batch_size .*at least 1.* 0"),
        ({"learning_rate": -0.1}, "learning_rate .* -0.1"),
        ({"validation_noise": 0.6}, r"validation_noise .*\[0, 0\.5\].* 0\.6"),
        ({"foreign": "mnist"}, "foreign='mnist' .* 'uniform_noise'"),
        ({"glitch": "far_clustered_anomalies", "foreign": "wine"}, "foreign .*image.* 'wine'"),
        ({"keep_classifier": True}, "keep_classifier .*pretrained"),
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


VALUES = st.one_of(
    st.sampled_from(
        ["digits", "wine", "mlp", "resnet20", "small_convnet", "none", "uniform_noise", "exact"]
    ),
    st.sampled_from(
        ["uniform_noise:0.1+stripe_outliers:0.2", "stripe_outliers(mode=added)", "all"]
    ),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.floats(0, 1),
    st.text(max_size=12),
    st.lists(st.integers(), max_size=2),
)
NAMES = st.one_of(st.sampled_from([f.name for f in fields(TrialSpec)]), st.text(max_size=6))


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(NAMES, VALUES, max_size=8), st.booleans())
@example({"seed": 2**53 - 1, "learning_rate": 1e-300}, True)
@example({"glitch": "uniform_noise:1e400+none:nan"}, True)
def test_any_request_is_a_trial_or_one_line(request: dict[str, Any], complete: bool) -> None:
    trial = {"dataset": "digits", "model": "resnet20", "glitch": "uniform_noise"}
    try:
        spec = resolve(trial | request if complete else request, None)
    except UserError as error:
        message = str(error)
    else:
        message = ""
        assert resolve(asdict(spec), None) == spec
        assert len(spec.spec_hash) == 16
        assert str(spec.plan) == spec.glitch
    assert len(message.splitlines()) <= 1
