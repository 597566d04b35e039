"""Signals: one score per training sample, higher = more suspicious."""

from common.errors import unknown_name
from common.registry import Registry
from influence.signals.base import Signal

PAPER = ("self_influence", "marginal_influence", "average_absolute_influence", "gd_class")

SIGNALS: Registry[Signal] = Registry(
    "signal",
    {
        "self_influence": "influence.signals.self_influence:self_influence",
        "marginal_influence": "influence.signals.marginal_influence:marginal_influence",
        "average_absolute_influence": (
            "influence.signals.average_absolute_influence:average_absolute_influence"
        ),
        "gd_class": "influence.signals.gd_class:gd_class",
        "negated_marginal_influence": (
            "influence.signals.negated_marginal_influence:negated_marginal_influence"
        ),
        "negative_influence": "influence.signals.negative_influence:negative_influence",
        "negative_class_influence": "influence.signals.negative_influence:negative_class_influence",
        "negative_share": "influence.signals.negative_influence:negative_share",
        "own_class_influence": "influence.signals.own_class_influence:own_class_influence",
        "best_epoch_self_influence": (
            "influence.signals.best_epoch_self_influence:best_epoch_self_influence"
        ),
        "cnci": "influence.signals.cnci:cnci",
        "pcid": "influence.signals.pcid:pcid",
        "cfrank": "influence.signals.cfrank:cfrank",
        "aum": "influence.signals.aum:aum",
        "el2n": "influence.signals.el2n:el2n",
        "grand": "influence.signals.grand:grand",
        "forgetting_events": "influence.signals.forgetting_events:forgetting_events",
        "data_maps_confidence": "influence.signals.data_maps:data_maps_confidence",
        "data_maps_variability": "influence.signals.data_maps:data_maps_variability",
        "loss": "influence.signals.loss:loss",
        "confident_learning": "influence.signals.confident_learning:confident_learning",
        "confident_learning_validation": (
            "influence.signals.confident_learning:confident_learning_validation"
        ),
        "datalab_label": "influence.signals.datalab:datalab_label",
        "datalab_label_validation": "influence.signals.datalab:datalab_label_validation",
        "datalab_outlier": "influence.signals.datalab:datalab_outlier",
        "datalab_near_duplicate": "influence.signals.datalab:datalab_near_duplicate",
        "simifeat": "influence.signals.simifeat:simifeat",
        "simifeat_validation": "influence.signals.simifeat:simifeat_validation",
        "isolation_forest": "influence.signals.isolation_forest:isolation_forest",
        "isolation_forest_novelty": "influence.signals.isolation_forest:isolation_forest_novelty",
        "local_outlier_factor": "influence.signals.local_outlier_factor:local_outlier_factor",
        "local_outlier_factor_novelty": (
            "influence.signals.local_outlier_factor:local_outlier_factor_novelty"
        ),
        "knn_distance": "influence.signals.knn_distance:knn_distance",
        "knn_distance_novelty": "influence.signals.knn_distance:knn_distance_novelty",
        "fused": "influence.signals.fused:fused",
        "fused_alone": "influence.signals.fused:fused_alone",
    },
)


def select(names: str) -> tuple[str, ...]:
    """The signals that a selection names, each once, in the order of the registry.

    Args:
        names: ``"paper"`` (the paper's four), ``"all"``, a signal, or several of these joined
            by ``+``.

    >>> select("paper+cnci")[-2:]
    ('gd_class', 'cnci')
    >>> select("paper+cnic")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    common.errors.UserError: unknown signal 'cnic' (did you mean 'cnci'?); allowed: all, ...
    """
    groups = {"paper": PAPER, "all": SIGNALS.names()}
    chosen: set[str] = set()
    for part in (name.strip() for name in names.split("+")):
        if part not in groups and part not in SIGNALS:
            raise unknown_name("signal", part, (*groups, *SIGNALS))
        chosen.update(groups.get(part, (part,)))
    return tuple(name for name in SIGNALS if name in chosen)
