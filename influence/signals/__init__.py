"""The registry of signals: one score per training sample, higher = more suspicious.

Importing it, or reading names and titles, does not import the signals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from common.errors import unknown_name
from common.registry import Entry, Registry

if TYPE_CHECKING:
    from influence.signals.base import Signal

PACKAGE: Final = "influence.signals"

FAMILIES: Final[dict[str, dict[str, Entry]]] = {
    "The paper's four signals": {
        "self_influence": Entry(f"{PACKAGE}.self_influence", "Self-Influence", "SI"),
        "marginal_influence": Entry(f"{PACKAGE}.marginal_influence", "Marginal Influence", "MI"),
        "average_absolute_influence": Entry(
            f"{PACKAGE}.average_absolute_influence", "Average Absolute Influence", "AAI"
        ),
        "gd_class": Entry(f"{PACKAGE}.gd_class", "GD-class"),
    },
    "Influence by sign, by class and by epoch": {
        "negated_marginal_influence": Entry(
            f"{PACKAGE}.negated_marginal_influence", "negated Marginal Influence", "−MI"
        ),
        "negative_influence": Entry(f"{PACKAGE}.negative_influence"),
        "negative_class_influence": Entry(f"{PACKAGE}.negative_influence"),
        "negative_share": Entry(f"{PACKAGE}.negative_influence"),
        "own_class_influence": Entry(f"{PACKAGE}.own_class_influence"),
        "best_epoch_self_influence": Entry(
            f"{PACKAGE}.best_epoch_self_influence",
            "Self-Influence at the best epoch",
            "best-epoch SI",
        ),
    },
    "Counterfactual influence": {
        "cnci": Entry(f"{PACKAGE}.cnci", "CNCI"),
        "pcid": Entry(f"{PACKAGE}.pcid", "PCID"),
        "cfrank": Entry(f"{PACKAGE}.cfrank", "CFRank"),
    },
    "Training dynamics": {
        "aum": Entry(f"{PACKAGE}.aum", "AUM"),
        "el2n": Entry(f"{PACKAGE}.el2n", "EL2N"),
        "grand": Entry(f"{PACKAGE}.grand", "GraNd"),
        "forgetting_events": Entry(f"{PACKAGE}.forgetting_events"),
        "data_maps_confidence": Entry(f"{PACKAGE}.data_maps", "data maps: confidence"),
        "data_maps_variability": Entry(f"{PACKAGE}.data_maps", "data maps: variability"),
        "loss": Entry(f"{PACKAGE}.loss"),
    },
    "Detectors of other libraries": {
        "confident_learning": Entry(f"{PACKAGE}.confident_learning"),
        "confident_learning_validation": Entry(
            f"{PACKAGE}.confident_learning", "confident learning, reference set"
        ),
        "datalab_label": Entry(f"{PACKAGE}.datalab", "Datalab label"),
        "datalab_label_validation": Entry(f"{PACKAGE}.datalab", "Datalab label, reference set"),
        "datalab_outlier": Entry(f"{PACKAGE}.datalab", "Datalab outlier"),
        "datalab_near_duplicate": Entry(f"{PACKAGE}.datalab", "Datalab near duplicate"),
        "simifeat": Entry(f"{PACKAGE}.simifeat", "SimiFeat"),
        "simifeat_validation": Entry(f"{PACKAGE}.simifeat", "SimiFeat, reference set"),
        "isolation_forest": Entry(f"{PACKAGE}.isolation_forest"),
        "isolation_forest_novelty": Entry(
            f"{PACKAGE}.isolation_forest", "isolation forest, novelty"
        ),
        "local_outlier_factor": Entry(f"{PACKAGE}.local_outlier_factor"),
        "local_outlier_factor_novelty": Entry(
            f"{PACKAGE}.local_outlier_factor", "local outlier factor, novelty"
        ),
        "knn_distance": Entry(f"{PACKAGE}.knn_distance", "kNN distance"),
        "knn_distance_novelty": Entry(f"{PACKAGE}.knn_distance", "kNN distance, novelty"),
    },
    "Detectors of other papers": {
        "averaged_probability_margin": Entry(f"{PACKAGE}.averaged_probability_margin"),
        "loss_mixture": Entry(f"{PACKAGE}.loss_mixture", "two components of the loss"),
        "fine": Entry(f"{PACKAGE}.fine", "FINE"),
        "knn_shapley": Entry(f"{PACKAGE}.knn_shapley", "KNN-Shapley"),
        "selfclean_label": Entry(f"{PACKAGE}.selfclean", "SelfClean label"),
        "selfclean_off_topic": Entry(f"{PACKAGE}.selfclean", "SelfClean off-topic"),
        "bhn": Entry(f"{PACKAGE}.bhn", "BHN"),
        "data_oob": Entry(f"{PACKAGE}.data_oob", "Data-OOB"),
        "relation_graph_label": Entry(
            f"{PACKAGE}.neural_relation_graph", "Neural Relation Graph, label"
        ),
        "relation_graph_outlier": Entry(
            f"{PACKAGE}.neural_relation_graph", "Neural Relation Graph, outlier"
        ),
        "lava": Entry(f"{PACKAGE}.lava", "LAVA"),
    },
    "One signal for every glitch": {
        "fused": Entry(f"{PACKAGE}.fused"),
        "fused_alone": Entry(f"{PACKAGE}.fused", "fused, without a reference set"),
    },
}
"""The signals of each family; the families are the sections of docs/signals.md."""

PAPER: Final = tuple(FAMILIES["The paper's four signals"])

SIGNALS: Registry[Signal] = Registry(
    "signal", {name: entry for family in FAMILIES.values() for name, entry in family.items()}
)


def select(names: str) -> tuple[str, ...]:
    """The signals that a selection names, each once, in registry order.

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
