"""The diagnosis of a training set with a reference set."""

from __future__ import annotations

import numpy as np

from influence.diagnosis.base import (
    CORRUPTED,
    FOREIGN_CLUSTER,
    GLITCH_KINDS,
    LABEL_ERROR,
    MORE_LIKELY_THAN_NOT,
    NO_LABEL,
    RARE_CLUSTER,
    Diagnosis,
)
from influence.diagnosis.config import DEFAULT, DiagnosisConfig
from influence.diagnosis.decision import flag, name_kinds, with_rank
from influence.diagnosis.foreign_or_corrupted import foreign_probability
from influence.diagnosis.inputs import diagnosis_inputs
from influence.diagnosis.label_errors import detect_label_errors
from influence.diagnosis.novelty import detect_novelty
from influence.diagnosis.rare_classes import rare_classes
from influence.evidence import Evidence
from influence.features import restored


def diagnose(evidence: Evidence, config: DiagnosisConfig = DEFAULT) -> Diagnosis:
    """What is wrong with each training sample; kinds and numbers of glitches need not be known.

    Three parts, each of which reports something only where a test against the reference set (the
    evidence's validation set) rejects: classes that are too rare, samples of a kind that the
    reference set lacks, and label errors. The parts are taken to be independent: the probability
    that a sample is clean is the product of those of the parts.
    """
    inputs = diagnosis_inputs(evidence, config.inputs)
    rng = evidence.rng("diagnosis")

    rare_class = rare_classes(inputs.labels, inputs.reference_labels, inputs.n_classes, config.rare)
    is_rare, reference_is_rare = rare_class[inputs.labels], rare_class[inputs.reference_labels]

    common = [stage.rows(~is_rare, ~reference_is_rare) for stage in inputs.stages]
    found = detect_novelty(common, rng, config)
    novelty, novelty_rank = np.zeros((2, len(inputs.labels)))
    novelty[~is_rare], novelty_rank[~is_rare] = found.posterior, found.rank
    foreign = foreign_probability(inputs, novelty, rng, config)

    ordinary = (novelty < MORE_LIKELY_THAN_NOT) & ~is_rare
    errors = detect_label_errors(inputs, ordinary, ~reference_is_rare, rng, config)

    posterior = 1.0 - (1.0 - errors.posterior) * (1.0 - novelty) * (1.0 - is_rare)
    rank = np.maximum(novelty_rank, errors.rank)
    probability = with_rank(posterior, rank, config.decision)

    by_kind = {
        LABEL_ERROR: errors.posterior,
        FOREIGN_CLUSTER: novelty * foreign,
        RARE_CLUSTER: is_rare.astype(np.float64),
        CORRUPTED: novelty * (1.0 - foreign),
    }
    # where no test rejects, the part that ranks the sample higher names its kind
    by_rank = np.where(errors.rank >= novelty_rank, LABEL_ERROR, CORRUPTED)
    weights = np.stack(
        [by_kind[kind] + config.decision.unproven * (by_rank == kind) for kind in GLITCH_KINDS],
        axis=1,
    )
    kind_probability = weights / weights.sum(axis=1, keepdims=True) * probability[:, None]
    flagged = flag(probability, config.decision)
    kind = name_kinds(flagged, kind_probability, rank, config.decision)
    expected_label = np.where(novelty > MORE_LIKELY_THAN_NOT, NO_LABEL, errors.label)
    return Diagnosis(
        probability=restored(probability, inputs.order),
        flagged=restored(flagged, inputs.order),
        kind=restored(kind, inputs.order),
        kind_probability=restored(kind_probability, inputs.order),
        expected_label=restored(expected_label, inputs.order),
        expected_label_errors=errors.expected,
    )
