"""From what a caller passes to an audit that is ready to run; all input is checked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from PIL import Image
from torch import nn

from common.errors import UserError
from experiments.audit.arrays import TRAIN, Names, as_array, audit_data, with_frames
from experiments.audit.fold import Diagnose
from experiments.audit.input.data import AuditData, read
from experiments.audit.input.map_style import columns_of, is_map_style
from experiments.audit.input.notes import condensed
from experiments.audit.input.predictions import centred_logs
from experiments.audit.model_choice import ModelChoice, choose_model
from experiments.audit.network import last_layer_inputs
from experiments.audit.parts import checked_groups
from experiments.audit.pipeline import AuditConfig, run_audit
from experiments.audit.request import IN_MEMORY, AuditRequest
from experiments.audit.result import AuditResult
from experiments.datasets.lookup import canonical_dataset
from experiments.datasets.user.image_reading import image_sizes, read_images
from experiments.datasets.user.labels import DEFAULT_LABEL
from experiments.training.context import TrialContext

FEATURES_MODEL: Final = "softmax_regression"
FEATURES: Final = ("features", "labels")
PREDICTIONS: Final = ("pred_probs", "labels")


@dataclass(frozen=True)
class AuditInput:
    """What a caller passes; :func:`experiments.audit.audit` describes each part."""

    data: Any = None
    labels: Any = None
    reference: Any = None
    features: Any = None
    pred_probs: Any = None
    label_name: str | None = None
    image_key: str | None = None
    classifier: nn.Module | None = None
    groups: Any = None


@dataclass(frozen=True)
class PreparedAudit:
    """An audit that is ready to run.

    Attributes:
        data: to audit.
        request: the same as text.
        choice: model and settings.
        context: where to compute.
        config: of the audit.
        diagnose: from the evidence to a diagnosis; by default as :func:`run_audit` chooses it.
    """

    data: AuditData
    request: AuditRequest
    choice: ModelChoice
    context: TrialContext
    config: AuditConfig
    diagnose: Diagnose | None = None

    def run(self) -> AuditResult:
        """Run it."""
        record = run_audit(self.data, self.choice, self.context, self.config, self.diagnose)
        return AuditResult.of(record, self.request)


def prepare_audit(  # noqa: PLR0913  # the data, and what a user can set
    given: AuditInput,
    *,
    model: str | None = None,
    max_false_alarms: float | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    context: TrialContext,
    diagnose: Diagnose | None = None,
) -> PreparedAudit:
    """Read and check the data, and choose the model.

    Raises:
        UserError: the data cannot be audited, or an argument is not valid.
    """
    config = AuditConfig(max_false_alarms)
    given = replace(given, data=with_frames(given.data), reference=with_frames(given.reference))
    _check_combination(given, model)
    source = _path(given.data)
    column = ""
    if source is not None:
        if given.reference is not None and _path(given.reference) is None:
            raise UserError(
                "reference must be a path or a registered name like data, got "
                f"{type(given.reference).__name__}"
            )
        validation = _path(given.reference)
        if given.groups is not None and not isinstance(given.groups, str):
            raise UserError(
                f"groups of data at a path must be the name of a column, got "
                f"{type(given.groups).__name__}"
            )
        data = read(source, given.label_name, validation, context, given.groups)
        column = given.groups or ""
    else:
        validation = None
        data = in_memory(given)
        if given.groups is not None:
            data = replace(data, groups=checked_groups(given.groups, data.train))
        if given.data is None or given.classifier is not None:
            model = model or FEATURES_MODEL
    data = replace(data, notes=tuple(condensed(data.notes)))
    choice = choose_model(data.train, context, model, seed, learning_rate)
    request = AuditRequest(
        data=source if source is not None else IN_MEMORY,
        label=given.label_name or "",
        validation=validation or "",
        model=choice.model,
        seed=choice.seed,
        learning_rate=choice.settings.learning_rate,
        digest=data.train.digest,
        groups=column,
    )
    return PreparedAudit(data, request, choice, context, config, diagnose)


def _check_combination(given: AuditInput, model: str | None) -> None:
    computed = given.features is not None or given.pred_probs is not None
    if given.data is None and not computed:
        raise UserError("give data (a path, samples or a dataset), features or pred_probs")
    if given.data is not None and computed:
        raise UserError("give data, or features and pred_probs, not both")
    if given.classifier is not None and (model is not None or computed):
        raise UserError(
            f"give model or classifier, not both; got model={model!r}"
            if model is not None
            else "give features or classifier, not both"
        )
    if _path(given.data) is not None:
        for name in ("labels", "classifier"):
            if getattr(given, name) is not None:
                raise UserError(
                    f"{name} belongs to data in memory, got the path {str(given.data)!r}; "
                    "label_name names the column of its labels"
                )
    elif given.labels is None and not _holds_labels(given.data):
        raise UserError(
            "labels are missing: one for each sample. Without them, data must be a table with a "
            f"label column or a map-style dataset, got {type(given.data).__name__}"
        )


def _holds_labels(data: object) -> bool:
    return is_map_style(data) or isinstance(data, pd.DataFrame)


def _path(data: object) -> str | None:
    """The registered name or the absolute path that the user gave, if it is one."""
    if not isinstance(data, str | Path):
        return None
    return canonical_dataset(str(data))


def in_memory(given: AuditInput) -> AuditData:
    """The data from objects in memory."""
    notes: list[str] = []
    if given.data is None:
        names = FEATURES if given.features is not None else PREDICTIONS
        pair = _computed("", given.features, given.labels, given.pred_probs)
        reference = _computed_reference(given)
        return audit_data(*pair, reference, names)
    x, y, found, sizes = _samples(TRAIN, given.data, given.labels, given)
    notes += found
    reference = given.reference
    if is_map_style(reference) or isinstance(reference, pd.DataFrame):
        reference = (reference, None)
    if isinstance(reference, Sequence) and not isinstance(reference, str) and len(reference) == 2:
        names = ("reference[0]", "reference[1]")
        other, other_y, found, _ = _samples(names, *reference, given)
        reference = (other, other_y)
        notes += [f"reference: {note}" for note in found]
    elif reference is not None:
        raise UserError(f"reference must be a pair (data, labels), got {type(reference).__name__}")
    if given.classifier is not None:
        x = last_layer_inputs(given.classifier, x)
        if reference is not None:
            reference = (last_layer_inputs(given.classifier, reference[0]), reference[1])
    data = audit_data(x, y, reference)
    return replace(data, notes=(*notes, *data.notes), sizes=sizes)


class _Samples(NamedTuple):
    x: Any
    y: Any
    notes: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()


def _samples(names: Names, x: Any, y: Any, given: AuditInput) -> _Samples:
    """Samples, labels, notes and sizes of images, taken out of what a caller passes."""
    if is_map_style(x) and y is None:
        found = columns_of(names[0], x, given.label_name, given.image_key)
        x, y = found.x, found.y
    elif isinstance(x, pd.DataFrame) and y is None:
        label = given.label_name or DEFAULT_LABEL
        if label not in x:
            raise UserError(
                f"{names[1]} are missing: give one for each row of {names[0]}, or label_name, one "
                f"of its columns ({', '.join(map(str, x.columns[:10]))})"
            )
        x, y = x.drop(columns=[label]), x[label]
    if isinstance(x, list | tuple) and x and isinstance(x[0], Image.Image):
        strange = next((i for i in x if not isinstance(i, Image.Image)), None)
        if strange is not None:
            raise UserError(f"{names[0]} must hold images only, got {type(strange).__name__} too")
        images = read_images(x, [str(label) for label in y] if len(y) == len(x) else [])
        return _Samples(images.x, y, images.notes, image_sizes(x))
    return _Samples(x, y)


def _computed(of: str, features: Any, labels: Any, pred_probs: Any) -> tuple[Any, Any]:
    """Features and labels; predicted probabilities become further features."""
    if pred_probs is None:
        return features, labels
    given = as_array(f"{of}pred_probs", pred_probs)
    logs = centred_logs(f"{of}pred_probs", given, len(pd.unique(pd.Series(labels))))
    if features is None:
        return logs, labels
    features = as_array(f"{of}features", features)
    if np.ndim(features) != 2 or len(features) != len(logs):
        raise UserError(
            f"{of}features must be (n, d) with one row for each of the {len(logs)} rows of "
            f"pred_probs, got shape {np.shape(features)}"
        )
    return np.hstack([features, logs]), labels


def _computed_reference(given: AuditInput) -> tuple[Any, Any] | None:
    """The reference set in the same form: features, labels and, as given, probabilities."""
    reference, parts = given.reference, ["features", "labels", "pred_probs"]
    if given.features is None:
        parts.remove("features")
    if given.pred_probs is None:
        parts.remove("pred_probs")
    if reference is None:
        return None
    if (
        not isinstance(reference, Sequence)
        or isinstance(reference, str)
        or len(reference) != len(parts)
    ):
        raise UserError(
            f"reference must be ({', '.join(parts)}) like the training set, got "
            f"{type(reference).__name__}"
        )
    by_name = dict(zip(parts, reference, strict=True))
    return _computed(
        "reference ", by_name.get("features"), by_name["labels"], by_name.get("pred_probs")
    )
