"""The first suspects as a small piece of HTML, for notebooks and the artifacts of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from common.html import render_template
from experiments.audit.output.text import KIND_NAMES, findings
from experiments.audit.output.thumbnails import data_uri
from experiments.audit.record import AuditRecord

TEMPLATE: Final = Path(__file__).parent / "templates" / "first_suspects.html"
FIRST: Final = 20


def render_first_suspects(record: AuditRecord) -> str:
    """What was found, and the most suspicious samples; images with their pictures."""
    train, diagnosis = record.data.train, record.diagnosis
    order = record.order[:FIRST].tolist()
    pictures = []
    if train.modality == "image":
        pictures = [data_uri(train.x[row].astype(np.uint8, copy=False)) for row in order]
    rows = []
    for row in order:
        file = [record.data.files[row]] if record.data.files else []
        rows.append(
            [
                row,
                *file,
                train.class_names[int(train.y[row])],
                record.expected_label(row),
                KIND_NAMES[str(record.kinds[row])],
                f"{diagnosis.probability[row]:.2f}",
                "yes" if diagnosis.flagged[row] else "",
            ]
        )
    file_column = ["file"] if record.data.files else []
    content = {
        "findings": findings(record),
        "columns": [
            "row",
            *file_column,
            "label",
            "expected label",
            "kind",
            "probability",
            "flagged",
        ],
        "rows": rows,
        "pictures": pictures,
    }
    return render_template(TEMPLATE, content)
