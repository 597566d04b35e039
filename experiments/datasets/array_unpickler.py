"""Arrays that joblib has stored, read without running what a pickle may hold."""

from __future__ import annotations

import zlib
from pathlib import Path
from pickle import UnpicklingError  # to catch it
from typing import Any

import numpy as np
from joblib.compressor import BinaryZlibFile
from joblib.numpy_pickle import NumpyUnpickler
from numpy.typing import NDArray

_KNOWN = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


class _Numbers(NumpyUnpickler):  # type: ignore[misc]  # joblib ships no types
    """Knows what an array of numbers is made of, and nothing else that can be called."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise UnpicklingError(f"it names {module}.{name}, which no array of numbers needs")
        return super().find_class(module, name)


def read_stored_array(path: Path) -> NDArray[np.generic]:
    """The array in a file of ``joblib.dump(array, path, compress=9)``.

    Raises:
        ValueError: the file is truncated, or holds anything but one array of numbers.
    """
    try:
        with BinaryZlibFile(str(path), "rb") as file:
            array = _Numbers(str(path), file, ensure_native_byte_order=True).load()
    except (ArithmeticError, AttributeError, LookupError, TypeError, EOFError, OSError) as error:
        raise ValueError(f"{path.name}: {error}") from error  # bytes that are no pickle
    except (zlib.error, UnpicklingError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise ValueError(f"{path.name}: it holds no array of numbers")
    return array
