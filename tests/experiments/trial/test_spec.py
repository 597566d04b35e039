"""The identity of a trial."""

import json
import os
import pickle
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from experiments.trial.resolve import resolve
from experiments.trial.spec import TrialSpec

MIXTURE = "uniform_noise:0.06+class_dependent_noise:0.04"


def spec(**changes: object) -> TrialSpec:
    values = {"dataset": "digits", "model": "resnet20", "glitch": "uniform_noise"} | changes
    return resolve(values, None)


def test_the_name_reads_like_a_path() -> None:
    assert spec(ratio=0.05, seed=3).name == "digits/resnet20/uniform_noise@0.05#3"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dataset", "mnist"),
        ("model", "small_convnet"),
        ("glitch", "class_dependent_noise"),
        ("ratio", 0.2),
        ("seed", 1),
        ("estimator", "captum"),
        ("epochs", 3),
        ("batch_size", 7),
        ("learning_rate", 0.5),
        ("pretrained", True),
        ("keep_classifier", True),
        ("subset", 0.5),
        ("foreign", "mnist"),
        ("signals", "gd_class"),
        ("validation_noise", 0.2),
        ("truth", True),
        ("label", "kind"),
        ("known_glitch", "marks"),
    ],
)
def test_the_hash_covers_every_field(field: str, value: Any) -> None:
    assert field in asdict(spec())
    changes: dict[str, Any] = {field: value}
    assert replace(spec(), **changes).spec_hash != spec().spec_hash


# Finished trials are recognised by these hashes: a change makes every store run its trials again.
@pytest.mark.parametrize(
    ("request_fields", "expected"),
    [
        (("digits", "resnet20", "uniform_noise", {}), "f36557a4c40cd1d9"),
        (("mnist", "resnet20", "uniform_noise", {"ratio": 0.3, "seed": 4}), "582ff5a8d11665b0"),
        (("mnist", "resnet20", "far_clustered_anomalies", {"seed": 2}), "9d681afddb70c5e4"),
        (
            (
                "cifar10",
                "vit_b16",
                "stripe_outliers(mode=added)",
                {"learning_rate": 0.2, "subset": 0.5},
            ),
            "36c7b66fa8c522cc",
        ),
        (
            (
                "breast_cancer",
                "ft_transformer",
                "none",
                {
                    "truth": True,
                    "signals": "paper+cnci+fused_alone",
                    "estimator": "arnoldi",
                    "validation_noise": 0.2,
                    "epochs": 3,
                    "batch_size": 4,
                    "pretrained": False,
                    "keep_classifier": False,
                },
            ),
            "a22f5fbd14ff0ec3",
        ),
        (
            (
                "digits",
                "small_convnet",
                "far_clustered_anomalies",
                {"foreign": "photo_patches"},
            ),
            "9efe3c2848485506",
        ),
    ],
)
def test_hashes_are_pinned(
    request_fields: tuple[str, str, str, dict[str, Any]], expected: str
) -> None:
    dataset, model, glitch, others = request_fields
    assert spec(dataset=dataset, model=model, glitch=glitch, **others).spec_hash == expected


def test_stored_fields_give_the_spec_back() -> None:
    stored = json.dumps(asdict(spec(ratio=0.3, glitch="stripe_outliers(mode=added)")))
    assert TrialSpec(**json.loads(stored)) == spec(ratio=0.3, glitch="stripe_outliers(mode=added)")


def test_a_stored_spec_needs_neither_its_data_nor_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x,label\n1,a\n2,b\n")
    here = resolve({"dataset": str(path), "model": "mlp", "glitch": "none"}, None)
    fields, pickled = asdict(here), pickle.dumps(here)
    path.unlink()
    with mock.patch.dict(os.environ, {"INFLUENCE_DATA_ROOT": "/nowhere"}):
        assert TrialSpec(**fields) == pickle.loads(pickled) == here  # noqa: S301


def test_the_glitch_is_parsed_once() -> None:
    mixture = spec(glitch=MIXTURE)
    assert mixture.plan is mixture.plan
    assert str(mixture.plan) == mixture.glitch
    assert mixture == spec(glitch=MIXTURE)
    assert set(asdict(mixture)) == set(asdict(spec()))
