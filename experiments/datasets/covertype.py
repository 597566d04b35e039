"""Forest Cover through scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import fetch_covtype

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.array_unpickler import read_stored_array
from experiments.datasets.base import DataOptions
from experiments.datasets.download import required_root

CLASS_NAMES = (
    "spruce/fir",
    "lodgepole pine",
    "ponderosa pine",
    "cottonwood/willow",
    "aspen",
    "douglas-fir",
    "krummholz",
)
QUANTITIES = (
    "Elevation",
    "Aspect",
    "Slope",
    "Horizontal_Distance_To_Hydrology",
    "Vertical_Distance_To_Hydrology",
    "Horizontal_Distance_To_Roadways",
    "Hillshade_9am",
    "Hillshade_Noon",
    "Hillshade_3pm",
    "Horizontal_Distance_To_Fire_Points",
)
FEATURE_NAMES = (
    *QUANTITIES,
    *(f"Wilderness_Area_{number}" for number in range(4)),
    *(f"Soil_Type_{number}" for number in range(40)),
)
SAMPLES, TARGETS = "covertype/samples_py3", "covertype/targets_py3"


@dataclass(frozen=True)
class Covertype:
    """581,012 × 54, 7 classes.

    scikit-learn downloads it, verifies the archive and keeps two pickled arrays in
    ``<data root>/covertype``; only arrays are unpickled from there.
    """

    modality: Modality = "tabular"
    subset: float = 0.1
    foreign: str | None = None

    def missing(self, options: DataOptions) -> str | None:
        """Those of scikit-learn's two files that do not exist."""
        root = options.data_root
        absent = [file for file in (SAMPLES, TARGETS) if root is None or not (root / file).exists()]
        if not absent:
            return None
        place = "a data root (none is given)" if root is None else str(root)
        return f"{', '.join(absent)} from fetch_covtype would be downloaded to {place}"

    def load(self, options: DataOptions) -> Dataset:
        """The whole table, classes in the published order."""
        root = required_root("covertype", options.data_root)
        try:
            if self.missing(options) is not None:
                fetch_covtype(data_home=root)
            samples, targets = (read_stored_array(root / file) for file in (SAMPLES, TARGETS))
        except (OSError, ValueError) as error:
            raise UserError(
                f"covertype: {root / 'covertype'} is missing, truncated or altered and could not "
                f"be downloaded ({' '.join(str(error).split())}); delete it to download it again"
            ) from error
        return Dataset(
            name="covertype",
            modality=self.modality,
            x=np.ascontiguousarray(samples, np.float32),
            y=targets.astype(np.int64) - 1,
            class_names=CLASS_NAMES,
            source_index=np.arange(len(targets)),
            feature_names=FEATURE_NAMES,
        )


COVERTYPE = Covertype()
