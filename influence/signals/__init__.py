"""Signals: one score per training sample, higher = more suspicious."""

from common.registry import Registry
from influence.signals.base import Signal

SIGNALS: Registry[Signal] = Registry(
    "signal",
    {
        "self_influence": "influence.signals.self_influence:self_influence",
        "marginal_influence": "influence.signals.marginal_influence:marginal_influence",
        "average_absolute_influence": (
            "influence.signals.average_absolute_influence:average_absolute_influence"
        ),
        "gd_class": "influence.signals.gd_class:gd_class",
    },
)
