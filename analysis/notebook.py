"""Runs, scores and profiles as pandas frames, for notebooks and scripts::

from analysis.notebook import runs, scores

found = runs("study")
scores(found.iloc[0]).groupby("glitch")["self_influence"].mean()
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analysis.reading.selection import select
from analysis.reading.store import Store
from analysis.reading.stored import load_profile, load_scores, stored_evidence
from common.errors import UserError
from experiments.tracking.uri import default_uri
from influence.evidence import Evidence
from influence.profile import Profile

ACCUMULATED = 0


@lru_cache(maxsize=8)
def _store(uri: str) -> Store:
    return Store(uri)


def runs(
    experiment: str | None = None,
    *,
    grid: str | None = None,
    only: Sequence[str] = (),
    tracking_uri: str | None = None,
) -> pd.DataFrame:
    """One row per counted trial: finished, and the newest of its spec.

    Args:
        experiment: its name; default: the experiment of the newest grid, with its trials only.
        grid: only the trials of this grid.
        only: conditions such as ``"dataset=mnist,glitch=uniform_noise"``.
        tracking_uri: default: ``MLFLOW_TRACKING_URI`` or the default database.

    Returns:
        Columns ``run_id``, ``name``, ``started``, ``grid``, ``spec_hash``, ``code_version``,
        ``modality``, ``n_classes``, ``repeat`` (the command that runs it again); one column per
        field of the spec; one per metric at its last step, such as ``f1/self_influence``; and
        ``tracking_uri``, with which :func:`scores` and the other functions find the run.
    """
    uri = tracking_uri or default_uri()
    frames = select(_store(uri), experiment, grid, only).frames
    final = frames.final.astype({"metric": "str", "series": "str"})
    key = final["metric"].where(final["series"] == "", final["metric"] + "/" + final["series"])
    wide = final.assign(key=key).pivot(index="run_id", columns="key", values="value")
    table = frames.trials.drop(columns=["state", "status", "parent", "error"])
    return table.join(wide, on="run_id").assign(tracking_uri=uri)


def scores(run: str | pd.Series[Any], tracking_uri: str | None = None) -> pd.DataFrame:
    """One row per training sample of a trial, in training order.

    Args:
        run: a run id, or a row of :func:`runs`.
        tracking_uri: as in :func:`runs`; not needed for a row of :func:`runs`.

    Returns:
        Columns ``is_glitch``, ``glitch`` (its kind, or ``clean``), ``true_label`` (−1 for a sample
        of another dataset), ``label`` (as given in training), ``source_index`` (position in the
        published data), and one per signal.

    Raises ``UserError`` where the run has no stored scores.
    """
    store, run_id = _find(run, tracking_uri)
    found = load_scores(store, run_id)
    if found is None:
        raise UserError(f"run {run_id} has no stored scores, or they are damaged")
    return found


def profile(run: str | pd.Series[Any], tracking_uri: str | None = None) -> pd.DataFrame:
    """One row per training sample and epoch of a trial's influence profile.

    Args: as of :func:`scores`.

    Returns:
        Columns ``row`` (in training order), ``epoch`` (from 1; 0 is the influence accumulated over
        all epochs), ``self_influence``, and for each validation class c ``positive_c`` and
        ``negative_c``: the sums of the positive and of the negative influences on its samples.
    """
    found = _profile(run, tracking_uri)
    rows = []
    for epoch in (*range(1, found.epochs + 1), ACCUMULATED):
        part = found.cumulative if epoch == ACCUMULATED else found.epoch(epoch)
        columns = {"row": np.arange(len(part.self_influence)), "epoch": epoch}
        columns["self_influence"] = part.self_influence
        for c in range(part.positive.shape[1]):
            columns[f"positive_{c}"] = part.positive[:, c]
            columns[f"negative_{c}"] = part.negative[:, c]
        rows.append(pd.DataFrame(columns))
    return pd.concat(rows, ignore_index=True)


def evidence(run: str | pd.Series[Any], tracking_uri: str | None = None) -> Evidence:
    """The evidence that a signal gets, from the stored files of a run, to try a signal by hand.

    Args: as of :func:`scores`.
    """
    store, run_id = _find(run, tracking_uri)
    seed = int(store.run(run_id).data.params["seed"])
    return stored_evidence(_profile(run, tracking_uri), scores(run, tracking_uri), seed)


def _profile(run: str | pd.Series[Any], tracking_uri: str | None) -> Profile:
    store, run_id = _find(run, tracking_uri)
    found = load_profile(store, run_id)
    if found is None:
        raise UserError(f"run {run_id} has no stored profile, or it is damaged")
    return found


def _find(run: str | pd.Series[Any], tracking_uri: str | None) -> tuple[Store, str]:
    if isinstance(run, str):
        return _store(tracking_uri or default_uri()), run
    return _store(tracking_uri or str(run["tracking_uri"])), str(run["run_id"])
