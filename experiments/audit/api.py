"""An audit of data in memory, for notebooks: :func:`audit`."""

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
from experiments.audit.model_choice import choose_model
from experiments.audit.output.suspicions import suspicions_table
from experiments.audit.pipeline import AuditConfig, run_audit
from experiments.datasets.user.encoding import encoded_features
from experiments.datasets.user.labels import encoded_labels
from experiments.training.context import TrialContext

FEATURES_MODEL = "softmax_regression"
CHUNK = 256
NAME = "arrays"

Samples = ArrayLike | pd.DataFrame | Tensor
Labels = Sequence[object] | ArrayLike | pd.Series


def audit(  # noqa: PLR0913  # all but the data have useful defaults
    x: Samples,
    y: Labels,
    *,
    validation: tuple[Samples, Labels] | None = None,
    model: str | None = None,
    classifier: nn.Module | None = None,
    max_false_alarms: float | None = None,
    seed: int = 0,
    context: TrialContext | None = None,
    diagnose: Diagnose | None = None,
) -> pd.DataFrame:
    """Find label errors and other glitches in a training set.

    Args:
        x: images of shape (n, height, width[, 1 or 3]) with integers from 0 to 255; a table, as a
            frame or an array (n, d); precomputed features (n, d), with
            ``model="softmax_regression"``; or the inputs of ``classifier``.
        y: n labels, numbers or text.
        validation: samples and labels of a reference set that is known to be right. Without one,
            only label errors are looked for.
        model: a registered model; by default the one that ``python -m experiments.audit`` chooses.
        classifier: a trained PyTorch network whose last layer is linear. The samples are replaced
            by the inputs of that layer, and a new last layer is trained on them.
        max_false_alarms: target false discovery rate of the flags, in (0, 1); by default the
            diagnosis chooses its own threshold.
        seed: of all randomness.
        context: threads, device, and where weights are looked for.
        diagnose: from the evidence to a diagnosis; by default as :func:`run_audit` chooses it.

    Returns:
        A frame as :func:`experiments.audit.output.suspicions.suspicions_table` describes it, the
        most suspicious sample first. Its ``attrs["notes"]`` list what was done to the data.

    Raises:
        UserError: the data cannot be audited.
    """
    context = context or TrialContext.from_environment()
    if classifier is not None:
        if model is not None:
            raise UserError(f"give model or classifier, not both; got model={model!r}")
        x = last_layer_inputs(classifier, x)
        if validation is not None:
            validation = last_layer_inputs(classifier, validation[0]), validation[1]
        model = FEATURES_MODEL
    data = _data(x, y, validation)
    choice = choose_model(data.train, context, model, seed)
    result = run_audit(data, choice, context, AuditConfig(max_false_alarms, explained=0), diagnose)
    table = suspicions_table(result)
    table.attrs["notes"] = list(data.notes)
    return table


@torch.no_grad()
def last_layer_inputs(classifier: nn.Module, x: Any) -> NDArray[np.float32]:
    """The inputs of a network's last linear layer for samples (n, ...), in eval mode, (n, d).

    Raises:
        UserError: the network has no linear layer, or does not end with one.
    """
    layers = [module for module in classifier.modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise UserError("the classifier has no linear layer; give features and model= instead")
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []

    def record(_: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        inputs.append(given[0])
        outputs.append(output)

    hook = layers[-1].register_forward_hook(record)
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
    if not torch.equal(last, outputs[-1]) or inputs[0].ndim != 2:
        raise UserError("the classifier must end with its last linear layer, on (n, d) inputs")
    return torch.cat(inputs).cpu().numpy()


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
        "x must be a table (n, d) or images (n, height, width[, 1 or 3]) of integers from 0 to "
        f"255, got {array.dtype} of shape {array.shape}"
    )
