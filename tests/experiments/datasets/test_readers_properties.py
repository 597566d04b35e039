"""For any file, reading gives a dataset or a ``UserError`` of one line, and writes nothing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from common.dataset import Dataset
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.repair.decisions import read_decisions, validated

cells = st.one_of(
    st.sampled_from(["", "a", "b", "NA", "None", "1", "2.5", "1,5", "1e400", "inf", "true", '"']),
    st.sampled_from(["2020-01-02", "31.12.2020", " a", "A", "-9.99e33", "1e25", "a.png", "../x"]),
    st.text(max_size=4),
    st.integers().map(str),
    st.floats().map(str),
)
rows = st.lists(st.lists(cells, min_size=1, max_size=4), max_size=12)


def outcome(write: Callable[[Path], Path]) -> Dataset | None:
    """The dataset at the written path, or ``None`` if it is refused; checks the rules of both."""
    with TemporaryDirectory() as folder:
        path = write(Path(folder))
        before = {file: file.stat().st_size for file in Path(folder).rglob("*")}
        data, refusal = None, "refused"
        try:
            data = source_for(str(path), None).load(DataOptions())
        except UserError as error:
            refusal = str(error)
        assert len(refusal.splitlines()) == 1
        assert {file: file.stat().st_size for file in Path(folder).rglob("*")} == before
    if data is not None:
        assert len(data.x) == len(data.y) > 1
        assert np.bincount(data.y, minlength=data.n_classes).min() >= 2
        assert np.isfinite(data.x).all()
        assert all("\n" not in note for note in data.notes)
    return data


def written(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


@given(
    rows,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    st.booleans(),
)
@example([["a", ""], ["b"], ["c"], ["a", "None"]], ",", "\n", "utf-8", True)
@example([["1", ""], ["-9.99e33"], ["-0"], ["1e+308"]], ",", "\n", "utf-8", True)
def test_delimited_text(
    table: list[list[str]], separator: str, end: str, encoding: str, regular: bool
) -> None:
    header = ["f", "g", "h", "label"]
    if regular:
        table = [[*(row * 4)[:3], row[0][:1]] for row in table]
    text = end.join(separator.join(row) for row in [header, *table])
    outcome(written("t.csv", text.encode(encoding, "replace")))


@given(
    st.binary(max_size=200), st.sampled_from(["t.csv", "t.csv.gz", "t.tsv", "t.parquet", "t.npz"])
)
def test_arbitrary_bytes(content: bytes, name: str) -> None:
    assert outcome(written(name, content)) is None or name.endswith("sv")


arrays = st.one_of(
    st.tuples(st.integers(0, 12), st.integers(0, 3)).flatmap(
        lambda shape: st.lists(
            st.floats() | st.integers(-(10**6), 10**6), min_size=shape[0] * shape[1], max_size=36
        ).map(lambda values: np.resize(np.array([*values, 0.0]), shape))
    ),
    st.tuples(st.integers(0, 12), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)).map(
        lambda shape: np.arange(np.prod(shape)).reshape(shape)
    ),
)
kinds = st.sampled_from(
    ["f4", "f8", ">f8", "i8", "u1", "?", "c8", "U3", "S3", "m8[s]", "M8[s]", "f2"]
)


@given(arrays, kinds, st.lists(st.integers(-3, 3), max_size=12), kinds, st.integers(-200, 200))
def test_npz(x: Any, kind: str, y: list[int], y_kind: str, cut: int) -> None:
    with np.errstate(all="ignore"):
        try:
            stored = {"x": x.astype(kind), "y": np.array(y).astype(y_kind)}
        except (ValueError, TypeError, OverflowError):
            stored = {"x": x, "y": np.array(y)}
    content = io.BytesIO()
    np.savez(content, **stored)
    raw = bytearray(content.getvalue())
    if cut < 0:
        raw = raw[:cut]
    elif cut < len(raw):
        raw[cut] ^= 255
    outcome(written("a.npz", bytes(raw)))


def test_an_array_that_declares_terabytes(tmp_path: Path) -> None:
    header = io.BytesIO()
    declared = {"descr": "<f8", "fortran_order": False, "shape": (10**9, 1000)}
    np.lib.format.write_array_header_1_0(header, declared)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
        archive.writestr("y.npy", header.getvalue())
    assert outcome(lambda _: tmp_path / "a.npz") is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F", "I;16"]),
            st.sampled_from(["png", "tif", "gif", "jpg", "webp", "jfif", "txt", "heic"]),
            st.integers(1, 9),
            st.sampled_from(["a", "b", "c", ".hidden", "a/deep", "."]),
            st.integers(-40, 60),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_image_folders(images: list[tuple[str, str, int, str, int]]) -> None:
    def write(folder: Path) -> Path:
        for number, (mode, suffix, side, place, cut) in enumerate(images):
            content = io.BytesIO()
            image = Image.new(mode, (side, 10 - side), 1 if mode in "1LIFP" else None)
            try:
                image.save(content, {"jpg": "JPEG", "jfif": "JPEG"}.get(suffix, "PNG"))
            except (OSError, ValueError):
                image.convert("L").save(content, "PNG")
            raw = bytearray(content.getvalue())
            if cut < 0:
                raw = raw[:cut]
            elif cut > 30:
                raw[cut] ^= 255
            (folder / place).mkdir(parents=True, exist_ok=True)
            (folder / place / f"{number}.{suffix}").write_bytes(raw)
        return folder

    outcome(write)


@given(
    st.lists(
        st.sampled_from(["a.png", "b.png", "../a.png", "/a.png", "d/../a.png", "", "x", "d\\c.png"])
    ),
    st.sampled_from(["file", "filename", "image_path", "picture"]),
)
def test_image_lists(names: list[str], column: str) -> None:
    def write(folder: Path) -> Path:
        (folder / "d").mkdir()
        for name in ("a.png", "b.png", "d/c.png"):
            Image.new("L", (4, 4)).save(folder / name)
        lines = [f"{name},{'pq'[i % 2]}" for i, name in enumerate(names)]
        (folder / "list.csv").write_text("\n".join([f"{column},label", *lines]))
        return folder / "list.csv"

    outcome(write)


DATA = Dataset(
    "d",
    "tabular",
    np.zeros((9, 1), np.float32),
    np.arange(9) % 3,
    ("a", "b", "=c"),
    np.arange(9),
)


@given(
    st.lists(
        st.tuples(
            st.integers(-1, 9).map(str) | st.sampled_from(["True", "1.0", "", "x", "007"]),
            st.sampled_from(["keep", "relabel", "drop", "Drop", ""]),
            st.sampled_from(["a", "b", "=c", "'=c", "d", ""]),
        )
    ),
    st.sampled_from(["row,action,new_label", "row,action,new_label,row", "row,action", "a"]),
)
def test_decisions(decisions: list[tuple[str, str, str]], header: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "d.csv"
        path.write_text("\n".join([header, *map(",".join, decisions)]))
        found, refusal = None, "refused"
        try:
            found = validated(read_decisions(path), DATA, "d")
        except UserError as error:
            refusal = str(error)
    assert len(refusal.splitlines()) == 1
    if found is None:
        return
    kept, labels = found.apply(DATA.y)
    counts = np.bincount(labels[kept], minlength=3)
    assert (counts >= 2).sum() >= 2
    assert len(found.touched) == sum(action != "keep" for _, action, _ in decisions)
    assert pd.Series(found.touched).is_unique
