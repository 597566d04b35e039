"""What is odd about image files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from experiments.datasets.user.image_folder import LARGEST_SIDE

_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})


def image_file_notes(files: Sequence[Path]) -> list[str]:
    """One sentence for each thing that reading these files as one array had to change.

    Only their headers are read; that they can be read is known.
    """
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    for file in files:
        with Image.open(file) as image:
            sizes[image.size] += 1
            modes[image.mode] += 1
    notes = []
    (width, height), usual = sizes.most_common(1)[0]
    if len(sizes) > 1:
        notes.append(
            f"{len(files) - usual} of {len(files)} images have other sizes than the usual "
            f"{width} × {height}: all were brought to that of the usual ones"
        )
    if max(width, height) > LARGEST_SIDE:
        notes.append(f"images were made smaller, to at most {LARGEST_SIDE} pixels a side")
    if len(modes) > 1:
        listed = ", ".join(f"{mode} {count}" for mode, count in modes.most_common())
        notes.append(f"images are of several modes ({listed}): all were made grey or all colour")
    if any(mode in _ALPHA for mode in modes):
        notes.append("transparency was dropped")
    if any(mode.startswith("I;16") for mode in modes):
        notes.append("16-bit images were reduced to 8 bits")
    return notes
