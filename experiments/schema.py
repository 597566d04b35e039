"""The names of tags, metrics and artifacts in MLflow.

They are an interface: the tracker writes them, ``analysis`` and other people's scripts read them.
Reading a store must not need what a trial needs, so this module imports nothing of the project.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, TypeVar

Value = TypeVar("Value")

# Tags of every run of this project; a run without ``KIND`` does not belong to it.
KIND: Final = "kind"
KIND_GRID: Final = "grid"
KIND_TRIAL: Final = "trial"
GRID: Final = "grid"
CODE_VERSION: Final = "code_version"

# Tags of a trial; its parameters are the fields of ``TrialSpec``.
PARENT: Final = "mlflow.parentRunId"
SPEC_HASH: Final = "spec_hash"
MODALITY: Final = "modality"
N_CLASSES: Final = "n_classes"
CURVES: Final = "curves"
SPEC: Final = "spec"
DATASET_DIGEST: Final = "dataset_digest"
THREADS: Final = "threads"
DEVICE: Final = "device"
VERSIONS: Final = "versions"
HOST: Final = "host"

# Tags of a run whose process may die: which process writes it, and its last sign of life.
OWNER: Final = "owner"
HEARTBEAT: Final = "heartbeat"

# Tags of a trial that did not finish: one line with the reason, whether the trial itself is the
# cause, and the command that repeats it.
ERROR: Final = "error"
FAULT: Final = "fault"
FAULT_OWN: Final = "own"
FAULT_OTHER: Final = "other"
REPEAT: Final = "repeat"

# Final metrics are named ``<metric>/<signal>``; metrics by epoch have the epoch, from 1, as step.
F1: Final = "f1"
AVERAGE_PRECISION: Final = "average_precision"
ROC_AUC: Final = "roc_auc"
DETECTION_METRICS: Final = (F1, AVERAGE_PRECISION, ROC_AUC)
EPOCH_F1: Final = "epoch_f1"
# Of signals that have their own threshold, and of signals that name kinds of glitches.
THRESHOLD_F1: Final = "threshold_f1"
FLAGGED_CLEAN: Final = "flagged_clean"
KIND_ACCURACY: Final = "kind_accuracy"
ACCURACY: Final = "accuracy"
LOSS: Final = "loss"
SECONDS: Final = "seconds"
TOTAL: Final = "total"
PEAK_RSS: Final = "peak_rss_mib"

# Artifacts of a trial.
SCORES_FILE: Final = "scores.parquet"
PROFILE_FILE: Final = "profile.npz"
TRACEBACK_FILE: Final = "traceback.txt"
LOG_FILE: Final = "log.txt"
SUSPECTS_FOLDER: Final = "suspicious"
SUSPECTS_TABLE: Final = "rows.csv"
CURVES_FILE: Final = "curves.png"
TRUTH_FILE: Final = "truth.parquet"
KINDS_FILE: Final = "kinds_{signal}.parquet"

# Artifacts of a grid: the spec hashes of all its trials, including those that an earlier grid ran.
GRID_TRIALS_FILE: Final = "trials.json"
ANALYSIS_FOLDER: Final = "analysis"

# MLflow refuses longer tag values.
_TAG_LIMIT = 8000


def members(metrics: Mapping[str, Value], group: str) -> dict[str, Value]:
    """The metrics ``<group>/...`` by the rest of their names.

    >>> members({"f1/gd_class": 0.5, "f1/cnci": 0.25, "loss/train": 1.0}, "f1")
    {'gd_class': 0.5, 'cnci': 0.25}
    """
    prefix = f"{group}/"
    return {k.removeprefix(prefix): v for k, v in metrics.items() if k.startswith(prefix)}


def curves_tag(group: str) -> str:
    """The tag that holds the per-epoch metrics ``<group>/...`` of a trial, as compact JSON."""
    return f"{CURVES}/{group}"


def curve_tags(epoch_metrics: dict[str, list[float]]) -> dict[str, str]:
    """Per-epoch metrics as tags, so that one query for runs returns their curves too.

    A search in MLflow returns the last step of each metric only; histories take one request per
    run and metric. A group whose text would exceed MLflow's limit gets no tag and is read from the
    histories.

    >>> curve_tags({"epoch_f1/gd_class": [0.5, 0.25], "loss/train": [1.0, 0.5]})
    {'curves/epoch_f1': '{"gd_class":[0.5,0.25]}', 'curves/loss': '{"train":[1.0,0.5]}'}
    """
    groups: dict[str, dict[str, list[float]]] = {}
    for name, values in epoch_metrics.items():
        group, _, member = name.partition("/")
        groups.setdefault(group, {})[member] = [float(f"{value:.6g}") for value in values]
    texts = {curves_tag(g): json.dumps(m, separators=(",", ":")) for g, m in groups.items()}
    return {tag: text for tag, text in texts.items() if len(text) <= _TAG_LIMIT}
