"""An audit from Python: :func:`audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from experiments.audit.arrays import Labels, Samples
from experiments.audit.fold import Diagnose
from experiments.audit.prepare import AuditInput, prepare_audit
from experiments.audit.result import AuditResult
from experiments.audit.session import unchanged_session
from experiments.training.context import TrialContext


def audit(  # noqa: PLR0913  # all but the data have useful defaults
    data: str | Path | Samples | Any = None,
    labels: Labels | None = None,
    *,
    reference: Any = None,
    features: Samples | None = None,
    pred_probs: Samples | None = None,
    label_name: str | None = None,
    image_key: str | None = None,
    model: str | None = None,
    classifier: nn.Module | None = None,
    groups: Labels | str | None = None,
    max_false_alarms: float | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    context: TrialContext | None = None,
    diagnose: Diagnose | None = None,
) -> AuditResult:
    """Find label errors and other glitches in a training set.

    Args:
        data: the path of an image folder, a CSV, Parquet or npz file, or a registered name; images
            of shape (n, height, width[, 1 or 3]) with integers from 0 to 255, or a list of Pillow
            images; a table, as a frame or an array (n, d); a map-style dataset of torch or
            Hugging Face; or the inputs of ``classifier``.
        labels: n labels, numbers or text, unless ``data`` holds them.
        reference: a reference set whose samples are known to be right, in the form of ``data``: a
            path, a dataset, or a pair of samples and labels. With ``features`` or ``pred_probs``, a
            tuple of those that are given, in the order features, labels, pred_probs. Without a
            reference set, only label errors are looked for.
        features: instead of ``data``, features that another model computed, (n, d).
        pred_probs: instead of ``data`` or with ``features``, out-of-sample probabilities that
            another model predicted, (n, C), the classes in sorted order; they are further features.
        label_name: the column of the labels in a file, a frame or a dataset.
        image_key: the column of the images in a dataset.
        model: a registered model; by default the one that ``python -m experiments.audit`` chooses.
        classifier: a trained PyTorch network whose last layer is linear. The samples are replaced
            by the inputs of that layer, and a new last layer is trained on them. The network is
            left unchanged.
        groups: what samples belong together (one patient, writer, video): n numbers or texts, or,
            of a table or a list of images at a path, the name of a column. Samples of one group
            stay in one fold, and no classifier of the diagnosis judges a sample by others of its
            group.
        max_false_alarms: target false discovery rate of the flags, in (0, 1); by default the
            diagnosis chooses its own threshold.
        learning_rate: by default that of the model.
        seed: of all randomness.
        context: threads, device, and where weights are looked for.
        diagnose: from the evidence to a diagnosis; by default the one with or without a reference
            set.

    Returns:
        The result; its ``table`` has the most suspicious sample first.

    Raises:
        UserError: the data cannot be audited, or an argument is not valid. The session of the
            caller (random states, torch's thread count) is unchanged in any case.
    """
    given = AuditInput(
        data, labels, reference, features, pred_probs, label_name, image_key, classifier, groups
    )
    with unchanged_session():
        return prepare_audit(
            given,
            model=model,
            max_false_alarms=max_false_alarms,
            learning_rate=learning_rate,
            seed=seed,
            context=context or TrialContext.from_environment(),
            diagnose=diagnose,
        ).run()
