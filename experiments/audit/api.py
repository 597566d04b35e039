"""An audit of data in memory, for notebooks: :func:`audit`."""

from __future__ import annotations

from typing import Final

import pandas as pd
from torch import nn

from common.errors import UserError
from experiments.audit.arrays import Labels, Samples, audit_data
from experiments.audit.fold import Diagnose
from experiments.audit.model_choice import choose_model
from experiments.audit.network import last_layer_inputs
from experiments.audit.output.suspicions import suspicions_table
from experiments.audit.output.text import findings
from experiments.audit.pipeline import AuditConfig, run_audit
from experiments.audit.session import unchanged_session
from experiments.training.context import TrialContext

FEATURES_MODEL: Final = "softmax_regression"


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
            by the inputs of that layer, and a new last layer is trained on them. The network is
            left unchanged.
        max_false_alarms: target false discovery rate of the flags, in (0, 1); by default the
            diagnosis chooses its own threshold.
        seed: of all randomness.
        context: threads, device, and where weights are looked for.
        diagnose: from the evidence to a diagnosis; by default as :func:`run_audit` chooses it.

    Returns:
        A frame as :func:`experiments.audit.output.suspicions.suspicions_table` describes it, the
        most suspicious sample first. Its ``attrs["notes"]`` list what was done to the data, and
        ``attrs["findings"]`` what was found.

    Raises:
        UserError: the data cannot be audited, or an argument is not valid. The session of the
            caller (random states, torch's thread count) is unchanged in any case.
    """
    config = AuditConfig(max_false_alarms, explained=0)
    context = context or TrialContext.from_environment()
    with unchanged_session():
        if classifier is not None:
            if model is not None:
                raise UserError(f"give model or classifier, not both; got model={model!r}")
            x, validation = _represented(classifier, x, validation)
            model = FEATURES_MODEL
        data = audit_data(x, y, validation)
        choice = choose_model(data.train, context, model, seed)
        result = run_audit(data, choice, context, config, diagnose)
    table = suspicions_table(result)
    table.attrs["notes"] = list(data.notes)
    table.attrs["findings"] = findings(result)
    return table


def _represented(
    classifier: nn.Module, x: Samples, validation: tuple[Samples, Labels] | None
) -> tuple[Samples, tuple[Samples, Labels] | None]:
    """Both sets by the inputs of the classifier's last layer."""
    features = last_layer_inputs(classifier, x)
    if validation is None:
        return features, None
    return features, (last_layer_inputs(classifier, validation[0]), validation[1])
