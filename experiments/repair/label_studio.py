"""Decisions from the JSON export of Label Studio, of tasks that an audit exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, TypeAdapter, ValidationError

from common.errors import UserError
from common.validation import first_problem
from experiments.audit.output.export import ACTION, DROP, LABEL


class _Value(BaseModel):
    choices: list[str] = []


class _Region(BaseModel):
    from_name: str
    value: _Value


class _Annotation(BaseModel):
    result: list[_Region]
    was_cancelled: bool = False


class _Data(BaseModel):
    row: int
    given_label: str


class _Task(BaseModel):
    data: _Data
    annotations: list[_Annotation]


_EXPORT = TypeAdapter(list[_Task])


def read_label_studio(path: Path) -> pd.DataFrame:
    """The decisions in a file: columns ``row``, ``action`` and ``new_label``.

    A sample is dropped if that choice is made, kept if the given label is chosen, and relabelled
    if another one is. Tasks without an annotation, and skipped ones, have no decision.

    Raises:
        UserError: it is not such a file, holds no decision, or annotators disagree.
    """
    try:
        tasks = _EXPORT.validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UserError(
            f"{path} is not Label Studio's JSON export of tasks of an audit (format 'JSON', not "
            f"'JSON-MIN'): {first_problem(error)}"
        ) from error
    found: list[dict[str, Any]] = []
    for task in tasks:
        decided = {
            decision
            for annotation in task.annotations
            if not annotation.was_cancelled
            for decision in [_decision(annotation, task.data.given_label)]
            if decision is not None
        }
        if len(decided) > 1:
            raise UserError(f"{path}: annotators disagree on row {task.data.row}; resolve it first")
        for action, label in decided:
            found.append({"row": str(task.data.row), "action": action, "new_label": label})
    if not found:
        raise UserError(f"{path} holds no decision: none of its {len(tasks)} tasks is annotated")
    return pd.DataFrame(found)


def _decision(annotation: _Annotation, given: str) -> tuple[str, str] | None:
    """Action and new label, if a choice was made."""
    chosen = {region.from_name: region.value.choices for region in annotation.result}
    if DROP in chosen.get(ACTION, []):
        return DROP, ""
    labels = chosen.get(LABEL, [])
    if not labels:
        return None
    return ("keep", "") if labels[0] == given else ("relabel", labels[0])
