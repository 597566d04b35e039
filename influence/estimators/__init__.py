"""The registry of influence estimators."""

from typing import Protocol

from common.registry import Registry
from influence.profile import Floats, Profile
from influence.record import TrainingRecord


class Estimator(Protocol):
    """Computes influence from the record of a training."""

    def profile(self, record: TrainingRecord) -> Profile:
        """Influence of every training sample, per epoch and cumulated.

        Raises:
            UserError: the estimator does not support this record.
        """
        ...

    def matrix(self, record: TrainingRecord) -> tuple[Floats, Floats]:
        """Cumulative I(i → j), (n, m), and I(i → i), (n,), float64; for small data."""
        ...


ESTIMATORS: Registry[Estimator] = Registry(
    "estimator",
    {
        "exact": "influence.estimators.exact:EXACT",
        "captum": "influence.estimators.captum:TRACINCP",
        "captum_fast": "influence.estimators.captum:TRACINCP_FAST",
        "captum_all_layers": "influence.estimators.captum:TRACINCP_ALL_LAYERS",
        "inverse_hessian": "influence.estimators.inverse_hessian:INVERSE_HESSIAN",
        "arnoldi": "influence.estimators.arnoldi:ARNOLDI",
        "naive": "influence.estimators.naive:NAIVE",
    },
)
