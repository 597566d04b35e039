"""The suspects of an audit in the formats of annotation tools.

Sources of the formats: Label Studio, "Label Studio JSON format of annotated tasks" and "Import
pre-annotated data"; FiftyOne, "Loading datasets from disk: FiftyOneImageClassificationDataset".
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from common.csv_safety import write_csv
from common.dataset import Modality
from common.errors import UserError
from experiments.audit.input.data import AuditData
from experiments.audit.output.thumbnails import data_uri

LABEL_STUDIO: Final = "labelstudio"
FIFTYONE: Final = "fiftyone"
CSV: Final = "csv"
EXPORTS: Final = (LABEL_STUDIO, FIFTYONE, CSV)

SAMPLE, LABEL, ACTION, DROP = "sample", "label", "action", "drop"
"""Names of the tags in Label Studio's configuration, and the choice that drops a sample."""
LOCAL_FILES: Final = "/data/local-files/?d="
"""The address of a file below the document root of Label Studio's local storage."""


@dataclass(frozen=True)
class Suspects:
    """What is exported.

    Attributes:
        table: rows of the table of an audit, the most suspicious first.
        classes: names of all classes.
        folder: where the image files of the table are, if it has any.
        data: the audited data, if they are in memory.
    """

    table: pd.DataFrame
    classes: tuple[str, ...]
    folder: Path | None
    data: AuditData | None

    def pixels(self, row: int) -> NDArray[np.uint8]:
        """An image that is in memory, (height, width, 1 or 3)."""
        if self.data is None or self.data.train.modality != "image":
            raise UserError("there are no images to export: the data are a table, or not in memory")
        image: NDArray[np.uint8] = self.data.train.x[row].astype(np.uint8, copy=False)
        return image


def export_suspects(suspects: Suspects, kind: str, path: Path, modality: Modality) -> None:
    """Write the suspects to a new file (CSV) or a new folder.

    Raises:
        UserError: the form is not known or does not fit the data, or the path exists or cannot be
            written.
    """
    check_export(kind, path, modality)
    write = {LABEL_STUDIO: _label_studio, FIFTYONE: _fiftyone, CSV: _csv}[kind]
    part = path.with_name(f".{path.name}.part")
    try:
        write(suspects, part)
        part.replace(path)
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if part.is_file():
            part.unlink()


def check_export(kind: str, path: Path, modality: Modality | None = None) -> None:
    """Raise ``UserError`` if the form is not known, something is at the path already, or the data
    have another modality, where it is known."""
    if kind not in EXPORTS:
        raise UserError(f"export must be one of {', '.join(EXPORTS)}, got {kind!r}")
    if kind == FIFTYONE and modality == "tabular":
        raise UserError("export fiftyone is for images, got a table")
    if path.exists():
        raise UserError(f"{str(path)!r} exists; an export does not overwrite it")


def _csv(suspects: Suspects, path: Path) -> None:
    write_csv(suspects.table, path)


def _fiftyone(suspects: Suspects, folder: Path) -> None:
    """``data/ROW.EXT``, ``labels.json`` with the given labels, ``expected.json`` with the
    expected ones."""
    (folder / "data").mkdir(parents=True)
    numbers = {name: number for number, name in enumerate(suspects.classes)}
    given: dict[str, int] = {}
    expected: dict[str, int | None] = {}
    for sample in suspects.table.to_dict("records"):
        name = str(sample["row"])
        if suspects.folder is not None:
            source = suspects.folder / str(sample["file"])
            shutil.copyfile(source, folder / "data" / f"{name}{source.suffix}")
        else:
            pixels = suspects.pixels(sample["row"])
            image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
            image.save(folder / "data" / f"{name}.png")
        given[name] = numbers[str(sample["label"])]
        expected[name] = numbers.get(str(sample["expected_label"]))
    for file, labels in (("labels.json", given), ("expected.json", expected)):
        _write_json(folder / file, {"classes": list(suspects.classes), "labels": labels})


def _label_studio(suspects: Suspects, folder: Path) -> None:
    """``tasks.json`` to import, and ``config.xml``, the labelling configuration."""
    folder.mkdir(parents=True)
    _write_json(
        folder / "tasks.json",
        [_task(suspects, sample) for sample in suspects.table.to_dict("records")],
    )
    images = suspects.folder is not None or (
        suspects.data is not None and suspects.data.train.modality == "image"
    )
    tag = "Image" if images else "Table"
    choices = "".join(f"    <Choice value={quoteattr(name)}/>\n" for name in suspects.classes)
    (folder / "config.xml").write_text(
        f"<View>\n"
        f'  <{tag} name="{SAMPLE}" value="${SAMPLE}"/>\n'
        f'  <Choices name="{LABEL}" toName="{SAMPLE}" choice="single">\n{choices}  </Choices>\n'
        f'  <Choices name="{ACTION}" toName="{SAMPLE}">\n    <Choice value="{DROP}"/>\n'
        f"  </Choices>\n</View>\n",
        encoding="utf-8",
    )


def _task(suspects: Suspects, sample: dict[Any, Any]) -> dict[str, Any]:
    row, label, data = int(sample["row"]), str(sample["label"]), suspects.data
    shown: Any = {"row": row}
    if suspects.folder is not None:
        shown = LOCAL_FILES + quote(str(sample["file"]))
    elif data is not None and data.train.modality == "image":
        shown = data_uri(suspects.pixels(row))
    elif data is not None:
        cells = data.train.x[row].tolist()
        shown = dict(zip(data.train.feature_names, cells, strict=True))
    expected = sample["expected_label"] if pd.notna(sample["expected_label"]) else label
    return {
        "data": {
            SAMPLE: shown,
            "row": row,
            "given_label": label,
            "kind": str(sample["kind"]),
            "probability": float(sample["probability"]),
        },
        "predictions": [
            {
                "model_version": "audit",
                "score": float(sample["probability"]),
                "result": [
                    {
                        "from_name": LABEL,
                        "to_name": SAMPLE,
                        "type": "choices",
                        "value": {"choices": [str(expected)]},
                    }
                ],
            }
        ],
    }


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
