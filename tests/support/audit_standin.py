"""A diagnosis that needs nothing but the labels of validation: for tests of what is around it."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from influence.diagnosis.base import CLEAN, GLITCH_KINDS, HARD, LABEL_ERROR, Diagnosis
from influence.evidence import Evidence

WRONG = range(0, 300, 20)
"""Rows of the tests' data whose label is wrong."""


def diagnose(evidence: Evidence) -> Diagnosis:
    """Label errors by a probe that validation taught; nothing else."""
    trace = evidence.trace
    x = trace.validation.inputs[-1]
    probe = LogisticRegression(C=1.0, max_iter=500).fit(x, evidence.validation_labels)
    known = np.zeros((len(trace.train), evidence.n_classes))
    known[:, probe.classes_] = probe.predict_proba(trace.train.inputs[-1])
    own = known[np.arange(len(known)), evidence.labels]
    p = np.where(known.argmax(axis=1) == evidence.labels, 0.01, known.max(axis=1) * (1 - own))
    kinds = np.zeros((len(p), len(GLITCH_KINDS)))
    kinds[:, GLITCH_KINDS.index(LABEL_ERROR)] = p
    flagged = p > 0.5
    kind = np.where(flagged, LABEL_ERROR, np.where(own < 0.5, HARD, CLEAN)).astype(object)
    return Diagnosis(p, flagged, kind, kinds, known.argmax(axis=1).astype(np.int64))
