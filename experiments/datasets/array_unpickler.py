"""Read arrays stored by joblib without executing code from the pickle."""

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


class _ArrayUnpickler(NumpyUnpickler):  # type: ignore[misc]  # joblib ships no types
    """Allows only the classes that a numeric array consists of."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise UnpicklingError(f"{module}.{name} does not belong to a numeric array")
        return super().find_class(module, name)


def read_stored_array(path: Path) -> NDArray[np.generic]:
    """Read the array in a file written by ``joblib.dump(array, path, compress=9)``.

    Raises:
        ValueError: the file is truncated or contains anything but one numeric array.
    """
    try:
        with BinaryZlibFile(str(path), "rb") as file:
            array = _ArrayUnpickler(str(path), file, ensure_native_byte_order=True).load()
    except (ArithmeticError, AttributeError, LookupError, TypeError, EOFError, OSError) as error:
        raise ValueError(f"{path.name}: {error}") from error  # bytes that are not a pickle
    except (zlib.error, UnpicklingError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise ValueError(f"{path.name}: it does not contain a numeric array")
    return array
