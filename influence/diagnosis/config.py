"""Every number that the diagnosis presumes, with its meaning, its origin and its sensible range.

Where the values come from:

- *image cells*: chosen on seeds 5 and 6 of the paper's glitches on MNIST, Fashion-MNIST and a part
  of CIFAR-10 with ResNet-20, and of two mixtures of glitches; the results in the documentation are
  on seeds 0 to 4.
- *label cells*: chosen on seed 5 of uniform and class-dependent noise on the same images, on tables
  and with wrong labels in the reference set, and checked on seeds 5 to 7.
- *human labels*: chosen on wrong labels that people gave, 3 to 30 % of the first 8,000 images of
  CIFAR-10N with EfficientNet-Lite0.
- *convention*: set in advance, such as a significance level; not chosen by results.
- *safeguard*: keeps an estimate finite; results hardly depend on it.

``benchmarks/sensitivity.py`` measures what the ten most influential ones change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class InputConfig:
    """Scaling and reduction of features (image cells).

    Attributes:
        max_deviation: standardised columns are clipped to ± this many standard deviations; 5 to 20.
        min_relative_spread: smallest standard deviation of a column, as a fraction of the mean one
            of its block, so that near-constant columns do not dominate; 0.01 to 0.3.
        narrow_width: blocks of at most this many columns count as narrow; 64 to 256.
        product_components: principal components whose pairwise products are added; 10 to 50.
        label_components: principal components that label classifiers see; 64 to 512.
        min_samples: fewest training samples, and reference samples, to compare; with fewer, nothing
            is tested and nothing is found; 5 to 50.
    """

    max_deviation: float = 10.0
    min_relative_spread: float = 0.1
    narrow_width: int = 128
    product_components: int = 30
    label_components: int = 256
    min_samples: int = 10


@dataclass(frozen=True)
class TwoSampleConfig:
    """Classifier two-sample test and density ratio of its scores (image cells).

    Attributes:
        folds: of cross-fitting; 3 to 10.
        tails: fractions of the reference set above each threshold at which an excess of training
            samples is tested (convention); from 0 to 0.2.
        upper_quantile: of the reference scores that is one unit above their median (convention:
            0.84 is one standard deviation of a normal distribution).
        ordinary: fraction of the reference set, its lowest scores, where training is presumed to
            hold no glitches; 0.5 to 0.8.
        alignment_quantiles: of reference and clean training scores, matched when the scores of a
            refitted classifier are aligned; from 0.05 to 0.5.
        max_log_slope: largest logarithm of the slope of the density ratio per unit of score; a
            steeper one would follow single reference samples; 0 to 1.5.
        min_log_slope: smallest one (safeguard).
        base_log_odds: bounds of the log-odds of the ratio's floor r₀ (safeguard).
        base_start: log-odds of r₀ at which its fit begins (safeguard).
        shift_starts: quantiles of training scores at which the fit of the shift begins (safeguard).
    """

    folds: int = 5
    tails: tuple[float, ...] = (0.0, 0.005, 0.02, 0.05, 0.1)
    upper_quantile: float = 0.84
    ordinary: float = 0.7
    alignment_quantiles: tuple[float, ...] = tuple(np.linspace(0.05, 0.5, 10).tolist())
    max_log_slope: float = float(np.log(2.0))
    min_log_slope: float = -2.0
    base_log_odds: tuple[float, float] = (-3.0, 9.0)
    base_start: float = 2.0
    shift_starts: tuple[float, ...] = (0.8, 0.9, 0.97)


@dataclass(frozen=True)
class NoveltyConfig:
    """Samples of a kind that the reference set lacks (image cells).

    Attributes:
        significance: level of the tests of each pass (convention), one pass a value. The first is
            strict; once one kind of glitch is found, another is more likely; 1e-4 to 1e-2.
        stage_inverse_penalty: C of the logistic regression on one stage; 1e-4 to 1e-2.
        joint_inverse_penalties: C on the narrow stages, on all stages, and on the narrow stages
            with products; 1e-5 to 1e-1.
        refit_inverse_penalties: C on the same three when refitted to confident positives; larger,
            for there are more samples to learn from; 1e-4 to 1.
        refits: how often the classifiers are refitted; 1 to 5.
        confident_positive: the top of the ranking, as a fraction of the expected number of
            glitches, that is refitted as positive; 0.5 to 0.9.
        confident_negative: samples ranked beyond this multiple of the expected number are refitted
            as negative, what lies between is left out; 1.2 to 3.
        min_positives: fewest confident positives to refit with; 5 to 30.
    """

    significance: tuple[float, ...] = (1e-3, 1e-2, 1e-2, 1e-2)
    stage_inverse_penalty: float = 1e-3
    joint_inverse_penalties: tuple[float, float, float] = (1e-2, 1e-4, 1e-4)
    refit_inverse_penalties: tuple[float, float, float] = (1e-1, 1e-2, 1e-2)
    refits: int = 3
    confident_positive: float = 0.7
    confident_negative: float = 1.5
    min_positives: int = 10


@dataclass(frozen=True)
class ClassifierConfig:
    """Cross-fitted label classifiers and their calibration (label cells).

    Attributes:
        folds: of cross-fitting; 3 to 10.
        inverse_penalty: C of the logistic regression; 0.01 to 10.
        trees: in a forest of extremely randomised trees; 25 to 500.
        min_leaf: fewest samples in a leaf of a tree; 1 to 10.
        min_weight: samples whose label is trusted less teach nothing; 0 to 0.2.
        logistic_shares: of the logistic regression in the mixtures with trees that are tried; the
            first is without trees (convention).
        max_relative_loss: a mixture with trees must lower the loss to at most this fraction, for
            what it costs; 0.9 to 1.
        screened_samples: if the first fold has this many samples or more, and no mixture with trees
            lowers their loss at all, trees are not fitted to the other folds (safeguard: fewer
            samples cannot tell); 250 to 2,000.
        log_scale_bounds: of the logarithm of the scale of logits (safeguard).
        floor_log_odds_bounds: of the log-odds of the floor (safeguard).
        starts: (log scale, log-odds of the floor) at which calibration begins: few labels at
            random, and many (safeguard).
        powers: of the probabilities from which replaced labels are drawn, tried beside uniform
            draws; 0.2 to 0.4.
        floor_significance: level of the test that labels are replaced (convention).
        negligible_floor: fraction of replaced labels up to which they may be errors of the
            classifier; 0.005 to 0.02.
    """

    folds: int = 4
    inverse_penalty: float = 1.0
    trees: int = 50
    min_leaf: int = 3
    min_weight: float = 0.05
    logistic_shares: tuple[float, ...] = (1.0, 0.5, 0.0)
    max_relative_loss: float = 0.97
    screened_samples: int = 500
    log_scale_bounds: tuple[float, float] = (-3.0, 2.3)
    floor_log_odds_bounds: tuple[float, float] = (-8.0, 8.0)
    starts: tuple[tuple[float, float], ...] = ((0.0, -4.0), (1.0, -2.0))
    powers: tuple[float, ...] = ()
    floor_significance: float = 1e-3
    negligible_floor: float = 0.01


@dataclass(frozen=True)
class NoiseModelConfig:
    """The model of label noise and the counts that its tests compare (label cells).

    Attributes:
        em_steps: of expectation maximisation; it has converged long before (30 to 200).
        initial_rate: of every mechanism before the first step (safeguard).
        min_kept: smallest probability that a label is left as it was (safeguard).
        improbable: a label whose calibrated probability is below one of these limits is
            improbable; 0.003 to 0.2.
        leaning: a sample leans to class a rather than b when p(a | x, a or b) exceeds one of these;
            0.7 to 0.99.
        missed_count: improbable labels that calibration may have missed, added to each expected
            count; 0.01 to 1.
    """

    em_steps: int = 60
    initial_rate: float = 0.05
    min_kept: float = 0.01
    improbable: tuple[float, ...] = (0.1, 0.03, 0.01)
    leaning: tuple[float, ...] = (0.9, 0.97)
    missed_count: float = 0.05


@dataclass(frozen=True)
class LabelErrorConfig:
    """Label errors found with a reference set (label cells).

    Attributes:
        rounds: of fitting classifiers, testing for noise and weighting samples; 2 to 5.
        excluded_below: while no test rejects, training labels with a smaller probability teach
            nothing; 0.005 to 0.1.
        reference_noise_floor: floor of the calibration from which on the reference labels are
            themselves taken for noisy; 0.05 to 0.2.
        uniform_significance: level of the test for uniform noise (convention).
        pair_significance: level of the tests for flips of a pair of classes (convention).
        excess_significance: levels of the test for errors that no mechanism explains, before and
            after a mechanism is proven (human labels); 1e-4 to 1e-2.
        max_pairs: most pairs of classes; 4 to 16.
        max_pair_fraction: most pairs, as a fraction of all; if more are flipped, noise is not a
            matter of pairs; 0.1 to 0.5.
        prior_strength: reference samples that a calibrated expectation is worth; 1 to 10.
        min_pair_rate: smallest rate of a pair that is kept beside uniform noise; 0.01 to 0.1.
        min_pair_ratio: smallest ratio of a pair's rate to that of uniform noise; 1.5 to 5.
    """

    rounds: int = 3
    excluded_below: float = 0.02
    reference_noise_floor: float = 0.1
    uniform_significance: float = 1e-3
    pair_significance: float = 1e-5
    excess_significance: tuple[float, float] = (1e-3, 1e-2)
    max_pairs: int = 8
    max_pair_fraction: float = 0.25
    prior_strength: float = 2.0
    min_pair_rate: float = 0.03
    min_pair_ratio: float = 3.0


@dataclass(frozen=True)
class WithoutReferenceConfig:
    """Label errors found without a reference set (label cells).

    Attributes:
        rounds: of proving noise and fitting classifiers again; 2 to 6.
        uniform_significance: level of the test for uniform noise (convention).
        pair_significance: level of the tests for flips, lower than with a reference set, since
            only calibration says what to expect (convention).
        min_class_size: labels of classes with fewer samples are not judged: the folds that a sample
            is not in hold too few of them; 2 to 10.
        screening_p_value: pairs with a smaller p-value are refitted and tested; 0.01 to 0.2.
        max_screened: most pairs that are refitted in a round; 1 to 10.
        uniform_shape: shape of the gamma distribution of a calibrated count, of improbable labels
            and in screening; larger where calibration is trusted more; 2 to 20.
        pair_shape: the same for the final test of a pair, where calibration knows least; 1 to 8.
        powers: of ``ClassifierConfig``, without a reference set (human labels).
    """

    rounds: int = 4
    uniform_significance: float = 1e-3
    pair_significance: float = 1e-7
    min_class_size: int = 4
    screening_p_value: float = 0.05
    max_screened: int = 3
    uniform_shape: float = 8.0
    pair_shape: float = 2.0
    powers: tuple[float, ...] = (0.3,)


@dataclass(frozen=True)
class ForeignConfig:
    """Foreign clusters and corrupted samples separated by their labels (image cells).

    Attributes:
        significance: level of the test for a label that is too frequent (convention).
        min_ratio: of the observed to the expected count of that label; 1.5 to 4.
        min_others: fewest samples with other labels to learn the difference from; 5 to 30.
        inverse_penalty: C of the logistic regression that learns it; 1e-3 to 1e-1.
    """

    significance: float = 1e-6
    min_ratio: float = 2.0
    min_others: int = 10
    inverse_penalty: float = 1e-2


@dataclass(frozen=True)
class RareClassConfig:
    """Classes that are too rare in training.

    Attributes:
        significance: level of the test (convention).
        max_ratio: of the class's share in training to that in the reference set; 0.5 to 0.8.
    """

    significance: float = 1e-4
    max_ratio: float = 2 / 3


@dataclass(frozen=True)
class DecisionConfig:
    """From probabilities to flags and kinds.

    Attributes:
        min_probability: of a flagged sample; 0.1 to 0.5.
        unproven: what the rank of a sample adds to its probability: it orders the samples where no
            test rejects (convention); far below ``min_probability``.
        hard_rank: rank above which an unflagged sample is called hard (convention).
    """

    min_probability: float = 0.25
    unproven: float = 1e-3
    hard_rank: float = 0.95


@dataclass(frozen=True)
class DiagnosisConfig:
    """All settings of a diagnosis, by part.

    >>> from dataclasses import replace
    >>> config = DiagnosisConfig()
    >>> replace(config, novelty=replace(config.novelty, refits=0)).novelty.refits
    0
    """

    inputs: InputConfig = InputConfig()
    two_sample: TwoSampleConfig = TwoSampleConfig()
    novelty: NoveltyConfig = NoveltyConfig()
    classifiers: ClassifierConfig = ClassifierConfig()
    noise: NoiseModelConfig = NoiseModelConfig()
    label_errors: LabelErrorConfig = LabelErrorConfig()
    without_reference: WithoutReferenceConfig = WithoutReferenceConfig()
    foreign: ForeignConfig = ForeignConfig()
    rare: RareClassConfig = RareClassConfig()
    decision: DecisionConfig = DecisionConfig()


DEFAULT = DiagnosisConfig()
"""The settings of the registered signals."""
