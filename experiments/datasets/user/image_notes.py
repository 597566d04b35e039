"""What is said about images that were read: what was changed, and what gives labels away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from experiments.datasets.user.image_decoding import LARGEST_SIDE, Header
from experiments.datasets.user.image_files import ImageSource, Warned, name_of, shown
from experiments.datasets.user.labels import listed


def reading_notes(
    files: Sequence[ImageSource], headers: Sequence[Header], usual: int, reduced: bool
) -> list[str]:
    """Notes on sizes, modes and frames.

    Args:
        files: that were read.
        headers: of the files.
        usual: how many have the most common size.
        reduced: whether that is larger than ``LARGEST_SIDE``.
    """
    notes = []
    (width, height), _ = Counter(header.size for header in headers).most_common(1)[0]
    if usual < len(files):
        notes.append(
            f"{len(files) - usual} of {len(files)} images have another size than the most common "
            f"one, {width} × {height}: resized to it"
        )
    if reduced:
        notes.append(f"images were reduced to at most {LARGEST_SIDE} pixels a side")
    modes = Counter(header.mode for header in headers)
    if len(modes) > 1:
        counts = ", ".join(f"{mode} {count}" for mode, count in modes.most_common())
        notes.append(f"images have several modes ({counts}): all were converted to grey or colour")
    several = [
        shown(Path(name_of(f)).name) for f, h in zip(files, headers, strict=True) if h.frames > 1
    ]
    if several:
        notes.append(
            f"{len(several)} files have several frames ({listed(several[:1])} first): the frame "
            "with the highest contrast is used"
        )
    return notes


def warning_notes(warned: Collection[Warned]) -> list[str]:
    """A note on files that their decoder warns of, although it could read them."""
    if not warned:
        return []
    first = min(warned)
    return [
        f"the decoder warns of {len(warned)} images, which were read nevertheless; the first is "
        f"{first.name} ({first.words.rstrip('. ')})"
    ]


def revealing(headers: Sequence[Header], labels: Sequence[object]) -> list[str]:
    """Notes on properties of the files from which the label follows."""
    found = []
    for what, values in (
        ("size in pixels", [header.size for header in headers]),
        ("mode", [header.mode for header in headers]),
        ("file format", [header.format for header in headers]),
    ):
        pairs = Counter(zip(values, labels, strict=False))
        best: dict[object, int] = {}
        for (value, _), count in pairs.items():
            best[value] = max(best.get(value, 0), count)
        usual = max(Counter(labels).values(), default=0)
        if 1 < len(best) <= len(labels) / 4 and sum(best.values()) >= 0.98 * len(labels) > usual:
            share = sum(best.values()) / len(labels)
            found.append(
                f"the {what} alone gives the label of {share:.0%} of the images: the model may "
                "learn that instead of the content"
            )
    return found
