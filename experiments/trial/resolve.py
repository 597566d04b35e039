"""From the fields that a user gives to the trial that runs."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from common.errors import UserError, unknown_name
from experiments.datasets import DATASETS
from experiments.datasets.base import DatasetSource
from experiments.datasets.lookup import canonical_dataset, source_for
from experiments.training.settings import settings_for
from experiments.trial.spec import TrialSpec
from glitches.parse import parse_glitch
from glitches.plan import GlitchPlan
from influence.estimators import ESTIMATORS
from influence.signals import select
from models import MODELS

_NAMES = ("dataset", "model", "glitch")
_TYPES = {bool: "true or false", int: "a whole number", float: "a finite number", str: "text"}
_LARGEST = 2**53
"""Whole numbers up to this one survive every file format and command line."""


def resolve(request: Mapping[str, Any], data_root: Path | None) -> TrialSpec:
    """The trial that a request names.

    Args:
        request: fields of :class:`~experiments.trial.spec.TrialSpec` by name. Training settings
            that are left out, or ``None``, are those of ``experiments/training/settings.py``;
            ``subset`` and ``foreign`` are those of the dataset.
        data_root: the directory in which relative paths of the user's data are looked up, after
            the working directory.

    Raises:
        UserError: a field is unknown, missing or out of range, or two fields contradict each
            other.

    >>> resolve({"dataset": "digits", "model": "mlp", "glitsh": "none"}, None)
    Traceback (most recent call last):
    common.errors.UserError: unknown trial field 'glitsh' (did you mean 'glitch'?); allowed: \
batch_size, dataset, epochs, estimator, foreign, glitch, keep_classifier, known_glitch, label, \
learning_rate, model, precision, pretrained, ratio, seed, signals, subset, truth, validation_noise
    """
    values = _with_defaults(request)
    values["dataset"] = canonical_dataset(values["dataset"])
    source = source_for(values["dataset"], data_root)
    plan = parse_glitch(values["glitch"])
    _check_modality(values["dataset"], source, values["model"], plan)
    _check_columns(values)
    if values["estimator"] not in ESTIMATORS:
        raise unknown_name("estimator", values["estimator"], ESTIMATORS)
    values["glitch"] = str(plan)
    values["ratio"] = values["ratio"] if plan.takes_ratio else 0.0
    values["signals"] = "+".join(select(values["signals"]))
    values["foreign"] = _foreign(values, source, plan, data_root)
    published = asdict(settings_for(values["model"], values["dataset"]))
    spec = TrialSpec(**{**published, "subset": source.subset, **values})
    plan.check_ratio(spec.ratio)
    _check_ranges(spec)
    return spec


def _with_defaults(request: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the request and the declared defaults; those still open are left out."""
    known = {f.name: f.default for f in fields(TrialSpec)}
    for name in request:
        if name not in known:
            raise unknown_name("trial field", name, known)
    given = {name: value for name, value in request.items() if value is not None}
    missing = [name for name in _NAMES if name not in given]
    if missing:
        raise UserError(f"a trial needs {', '.join(missing)}")
    for name, value in given.items():
        _check_type(name, value)
    return {name: value for name, value in known.items() if value is not MISSING} | given


def _check_type(name: str, value: Any) -> None:
    hint = get_type_hints(TrialSpec)[name]
    (wanted,) = (one for one in get_args(hint) or (hint,) if one is not NoneType)
    if wanted is float:
        fits = _is_whole(value) or (type(value) is float and math.isfinite(value))
    elif wanted is int:
        fits = _is_whole(value)
    else:
        fits = isinstance(value, wanted)
    if not fits:
        raise UserError(f"{name} must be {_TYPES[wanted]}, got {_shown(value)}")


def _is_whole(value: object) -> bool:
    return type(value) is int and -_LARGEST < value < _LARGEST


def _shown(value: object) -> str:
    try:
        return " ".join(reprlib.repr(value).split())
    except ValueError:  # Python writes out no number of more than 4300 digits
        return f"a very large {type(value).__name__}"


def _check_modality(dataset: str, source: DatasetSource, model: str, plan: GlitchPlan) -> None:
    for what, allowed in ((f"model {model!r}", MODELS[model].modalities), *plan.modalities()):
        if source.modality not in allowed:
            raise UserError(
                f"{what} is for {' and '.join(sorted(allowed))} data, but {dataset!r} is "
                f"{source.modality} data"
            )


def _check_columns(values: Mapping[str, Any]) -> None:
    for name in ("label", "known_glitch"):
        if values["dataset"] in DATASETS and values[name] is not None:
            raise UserError(
                f"{name}={values[name]!r} cannot be used with {values['dataset']!r}: it names a "
                "column of your own data"
            )


def _foreign(
    values: Mapping[str, Any], source: DatasetSource, plan: GlitchPlan, data_root: Path | None
) -> str | None:
    """The dataset that far-clustered anomalies are drawn from, ``None`` where it is not used."""
    given = values["foreign"]
    if not plan.uses_foreign:
        if given is not None:
            raise UserError(f"foreign={given!r} cannot be used with glitch {values['glitch']!r}")
        return None
    foreign = source.foreign if given is None else canonical_dataset(given)
    if foreign is None:
        raise UserError(
            f"{values['glitch']!r} needs a foreign dataset, and {values['dataset']!r} has none by "
            "default: name one with foreign"
        )
    if source_for(foreign, data_root).modality != "image":
        raise UserError(f"foreign must be an image dataset, got {foreign!r}")
    return foreign


def _check_ranges(spec: TrialSpec) -> None:
    if spec.seed < 0:
        raise UserError(f"seed must be at least 0, got {spec.seed}")
    if not 0 <= spec.validation_noise <= 0.5:
        raise UserError(f"validation_noise must be in [0, 0.5], got {spec.validation_noise}")
    if not 0 < spec.subset <= 1:
        raise UserError(f"subset must be in (0, 1], got {spec.subset}")
    _ = spec.settings  # checks its own ranges
