"""An audit of arrays in memory, for notebooks: :func:`audit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from common.dataset import Dataset
from common.errors import UserError
from experiments.audit.fold import Diagnose
from experiments.audit.input.columns import screened
from experiments.audit.input.data import AuditData, aligned_validation, class_notes
from experiments.audit.model_choice import recipe_for
from experiments.audit.output.suspicions import suspicions
from experiments.audit.pipeline import Choices, examine
from experiments.datasets.user.encoding import encoded_features
from experiments.datasets.user.labels import encoded_labels
from experiments.training.context import TrialContext

FEATURES_MODEL = "softmax_regression"
CHUNK = 256
NAME = "arrays"

Samples = ArrayLike | pd.DataFrame | Tensor


def audit(  # noqa: PLR0913  # each has a default that works
    x: Samples,
    y: Sequence[object] | ArrayLike | pd.Series,
    *,
    validation: tuple[Samples, Sequence[object] | ArrayLike | pd.Series] | None = None,
    model: str | None = None,
    classifier: nn.Module | None = None,
    max_false_alarms: float | None = None,
    seed: int = 0,
    context: TrialContext | None = None,
    diagnose: Diagnose | None = None,
) -> pd.DataFrame:
    """What is wrong with the training set (x, y), the most suspicious sample first.

    Args:
        x: images, whole numbers from 0 to 255 of shape (n, height, width[, 1 or 3]); a table, a
            frame or numbers (n, d); features that were computed elsewhere, (n, d), with
            ``model="softmax_regression"``; or what ``classifier`` takes.
        y: n labels, numbers or text.
        validation: samples and labels that are known to be right; without them only wrong labels
            are looked for.
        model: registered model; by default as ``python -m experiments.audit`` chooses it.
        classifier: a fitted PyTorch network whose last layer is linear; samples are then looked at
            through the inputs of that layer, and the layer is trained anew on them.
        max_false_alarms: share of clean samples among the flagged ones that is borne.
        seed: of everything random.
        context: threads, device, where weights lie.
        diagnose: from evidence to a diagnosis; by default as :func:`examine` chooses it.

    Returns:
        A frame as :func:`experiments.audit.output.suspicions.suspicions` describes; its
        ``attrs`` hold ``"notes"``, what was done to the data.

    Raises:
        UserError: where the data cannot be audited.
    """
    around = context or TrialContext.from_environment()
    if classifier is not None:
        if model is not None:
            raise UserError(f"model={model!r} has no use with a classifier of your own")
        x = last_layer_inputs(classifier, x)
        if validation is not None:
            validation = last_layer_inputs(classifier, validation[0]), validation[1]
        model = FEATURES_MODEL
    data = _data(x, y, validation)
    found = examine(
        data,
        recipe_for(data.train, around, model, seed),
        around,
        Choices(max_false_alarms, explained=0),
        diagnose,
    )
    table = suspicions(found)
    table.attrs["notes"] = list(data.notes)
    return table


@torch.no_grad()
def last_layer_inputs(classifier: nn.Module, x: Any) -> NDArray[np.float32]:
    """What the last linear layer of a network gets for samples (n, ...), (n, d), in eval mode.

    Raises ``UserError`` where the network has no linear layer, or does not end with it.
    """
    layers = [module for module in classifier.modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise UserError("the classifier has no linear layer; give features and model= instead")
    seen: list[Tensor] = []
    outputs: list[Tensor] = []

    def note(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen.append(inputs[0])
        outputs.append(output)

    hook = layers[-1].register_forward_hook(note)
    was_training = classifier.training
    device = next(classifier.parameters()).device
    given = x if isinstance(x, Tensor) else torch.from_numpy(np.array(x, np.float32))
    samples = given.to(device, torch.float32)
    try:
        classifier.eval()
        last = [classifier(chunk) for chunk in torch.split(samples, CHUNK)][-1]
    finally:
        hook.remove()
        classifier.train(was_training)
    if len(outputs) != len(seen) or not torch.equal(last, outputs[-1]) or seen[0].ndim != 2:
        raise UserError("the classifier must end with its last linear layer, on (n, d) inputs")
    return torch.cat(seen).cpu().numpy()


def _data(x: Samples, y: Any, validation: tuple[Samples, Any] | None) -> AuditData:
    notes: list[str] = []
    if isinstance(x, pd.DataFrame):
        left_out, notes = screened(x)
        x = x.drop(columns=left_out)
        kept = list(x)
        if validation is not None:
            validation = cast(pd.DataFrame, validation[0])[kept], validation[1]
            x = pd.concat([x, validation[0]], ignore_index=True)
        encoded, _ = encoded_features(NAME, x)
        if validation is not None:
            validation = encoded[len(y) :], validation[1]
        x = encoded[: len(y)]
    train = _dataset(x, y, NAME)
    if validation is None:
        return AuditData(train, notes=(*notes, *class_notes(train)))
    aligned = aligned_validation(train, _dataset(*validation, f"{NAME} of validation"))
    return AuditData(
        train,
        replace(aligned.data, feature_names=train.feature_names),
        (),
        aligned.copies,
        (*notes, *aligned.notes, *class_notes(train)),
    )


def _dataset(x: Samples, y: Any, name: str) -> Dataset:
    array = np.asarray(x)
    labels, classes = encoded_labels(f"{name}: labels", pd.Series(np.asarray(y).ravel()))
    rows = np.arange(len(labels))
    if array.ndim == 2:
        table = np.ascontiguousarray(array, np.float32)
        names = tuple(f"x{number}" for number in range(array.shape[1]))
        return Dataset(name, "tabular", table, labels, classes, rows, names)
    whole = np.issubdtype(array.dtype, np.integer)
    if array.ndim in (3, 4) and whole and array.min() >= 0 and array.max() <= 255:
        images = array.astype(np.uint8)
        images = images[..., None] if array.ndim == 3 else images
        return Dataset(name, "image", images, labels, classes, rows)
    raise UserError(
        "x must be a table (n, d) or images (n, height, width[, 1 or 3]) of whole numbers from 0 "
        f"to 255, however: {array.dtype} {array.shape}"
    )
