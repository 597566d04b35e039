"""The stored scores and influence profile of a trial, and the evidence they provide."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.reading.store import Store
from experiments import schema
from influence.evidence import Evidence
from influence.profile import Profile


def load_scores(store: Store, run_id: str) -> pd.DataFrame | None:
    """The error table with one column per signal and one row per training sample, in training
    order; ``None`` where the run has not stored it."""
    path = store.artifact(run_id, schema.SCORES_FILE)
    return None if path is None else pd.read_parquet(path)


def load_profile(store: Store, run_id: str) -> Profile | None:
    """The influence profile; ``None`` where the run has not stored it."""
    path = store.artifact(run_id, schema.PROFILE_FILE)
    return None if path is None else Profile.load(path)


def stored_evidence(profile: Profile, scores: pd.DataFrame, seed: int) -> Evidence:
    """Evidence from the stored files of a run: profile, given labels, validation class counts.

    Trace, stages and counterfactual profiles are not stored; a signal that needs them raises
    ``EvidenceMissingError``. Validation labels are sorted by class, not in their original order.
    """
    classes = np.arange(len(profile.class_counts))
    return Evidence(
        full_profile=profile,
        profile=profile.cumulative,
        labels=scores["label"].to_numpy(dtype=np.int64),
        validation_labels=np.repeat(classes, profile.class_counts),
        n_classes=len(profile.class_counts),
        seed=seed,
    )
