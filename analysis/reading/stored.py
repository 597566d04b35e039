"""The stored scores and influence profile of a trial, and the evidence they provide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.reading.store import Store
from experiments import schema
from glitches.contaminated import ERROR_COLUMNS
from influence.evidence import Evidence
from influence.profile import Profile


def load_scores(store: Store, run_id: str) -> pd.DataFrame | None:
    """The error table with one column per signal and one row per training sample, in training
    order; ``None`` where the run has not stored it or it is damaged."""
    return store.load(run_id, schema.SCORES_FILE, _scores)


def _scores(path: Path) -> pd.DataFrame:
    """Scores that are complete and finite; anything else is a ``ValueError``."""
    found = pd.read_parquet(path)
    signals = found.drop(columns=list(ERROR_COLUMNS))  # a missing one is a KeyError
    if found.empty or found["is_glitch"].dtype != bool or not np.isfinite(signals).all(axis=None):
        raise ValueError(f"{path.name} is incomplete")
    return found


def load_profile(store: Store, run_id: str) -> Profile | None:
    """The influence profile; ``None`` where the run has not stored it or it is damaged."""
    return store.load(run_id, schema.PROFILE_FILE, Profile.load)


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
