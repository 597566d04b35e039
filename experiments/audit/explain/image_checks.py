"""Properties of images that make them hard to use, by CleanVision: dark, blurry, odd in size.

They say nothing about the label, and no sample is flagged for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from common.dataset import Dataset
from common.progress import Progress, silent
from experiments.audit.input.data import AuditData

CHECKS: Final = (
    "low_information",
    "dark",
    "light",
    "blurry",
    "odd_aspect_ratio",
    "odd_size",
)
"""CleanVision's names, those first that say most about an image. Its checks for duplicates are left
to :mod:`experiments.audit.explain.duplicates`; grey images are noted by the reader of the data."""
OF_PIXELS: Final = ("low_information", "dark", "blurry")
"""Checks that compute what all checks of pixels need: a light image is measured with a dark one."""
IMAGE_CHECKS: Final = "image checks"
"""The step whose progress is told."""
TOLD: Final = 256
"""Images between two reports of progress."""
MAX_PREVALENCE: Final = 0.5
"""A property of more images than this share belongs to the set, and is not marked; likewise in
CleanVision's report."""


def is_issue(check: str) -> str:
    """The column that says which images fail a check.

    >>> is_issue("dark"), score("dark")
    ('is_dark_issue', 'dark_score')
    """
    return f"is_{check}_issue"


def score(check: str) -> str:
    """The column of scores of a check, in [0, 1], low for images that fail it."""
    return f"{check}_score"


def image_checks(data: AuditData, progress: Progress = silent) -> pd.DataFrame:
    """The checks of n training images, (n, 12): for each of ``CHECKS`` whether an image fails it
    and its score; (n, 0) for tables.

    Pixels are checked as the audit reads them, at most 224 a side; size and aspect ratio are those
    of the image as it was given.
    """
    if data.train.modality != "image":
        return pd.DataFrame(index=range(len(data.train)))
    # here, because it takes a third of a second and tables do not need it
    from cleanvision.issue_managers.image_property_issue_manager import (  # noqa: PLC0415
        ImagePropertyIssueManager,
    )

    manager = ImagePropertyIssueManager()
    measured = []
    for row, pixels in enumerate(data.train.x.astype(np.uint8, copy=False)):
        if row % TOLD == 0:
            progress(IMAGE_CHECKS, row, len(data.train))
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        values: dict[str, float | str] = {}
        for check in OF_PIXELS:
            values |= manager.image_properties[check].calculate(image)
        measured.append(values)
    progress(IMAGE_CHECKS, len(data.train), len(data.train))
    sides = _sides(data.train, data.sizes)
    properties = pd.DataFrame(measured).assign(
        size=np.sqrt(sides.prod(axis=1)), aspect_ratio=sides.min(axis=1) / sides.max(axis=1)
    )
    manager.issues = pd.DataFrame(index=properties.index)
    manager.update_issues(properties, list(CHECKS))
    columns = [column(check) for check in CHECKS for column in (is_issue, score)]
    return _without_common(manager.issues[columns])


def failed(checks: pd.DataFrame, row: int) -> list[str]:
    """The names of the checks that an image fails."""
    return [check for check in CHECKS if is_issue(check) in checks and checks[is_issue(check)][row]]


def failing(checks: pd.DataFrame, check: str) -> NDArray[np.int64]:
    """The rows that fail a check, those with the lowest score first."""
    if is_issue(check) not in checks:
        return np.empty(0, dtype=np.int64)
    found = checks[checks[is_issue(check)]].sort_values(score(check), kind="stable")
    return found.index.to_numpy(np.int64)


def _sides(train: Dataset, sizes: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Width and height of each image, (n, 2)."""
    if sizes:
        return np.array(sizes, dtype=np.float64)
    height, width = train.x.shape[1:3]
    return np.tile(np.array([width, height], dtype=np.float64), (len(train), 1))


def _without_common(checks: pd.DataFrame) -> pd.DataFrame:
    """The checks, without marks for properties that most images of the set have."""
    common = [
        is_issue(check) for check in CHECKS if checks[is_issue(check)].mean() > MAX_PREVALENCE
    ]
    return checks.assign(**dict.fromkeys(common, False))
