"""What each glitch does, by its definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor

import numpy as np
import pytest
from glitch_conformance import CLASS_SIZES, FOREIGN, inject, spare, toy_dataset
from matplotlib.colors import hsv_to_rgb, rgb_to_hsv

from common.dataset import Dataset, Modality
from common.errors import UserError
from glitches.base import Corrupted, Donors
from glitches.brightness_outliers import BrightnessOutliers
from glitches.contaminated import CLEAN, NO_TRUE_LABEL
from glitches.counts import share_added, share_of
from glitches.images import matched
from glitches.outliers import ComputedOutliers
from glitches.parse import parse_glitch
from glitches.stripe_outliers import StripeOutliers

RATIOS = (0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.29, 0.3, 0.5)


def images(*columns: Sequence[float]) -> np.ndarray:
    """One grey image whose columns have these values in both of its rows."""
    return np.array([[columns, columns]], np.uint8)


@pytest.mark.parametrize("ratio", RATIOS)
def test_uniform_noise_flips_exactly_the_ratio(ratio: float) -> None:
    found = inject("uniform_noise", toy_dataset("tabular"), ratio)
    assert found.is_glitch.sum() == floor(round(ratio * 400, 9))
    wrong = found.data.y != found.true_label
    assert (wrong == found.is_glitch).all()


def test_uniform_noise_spreads_over_the_other_classes() -> None:
    counts = np.zeros((4, 4), int)
    for seed in range(100):
        found = inject("uniform_noise", toy_dataset("tabular"), 0.3, seed)
        np.add.at(counts, (found.true_label[found.is_glitch], found.data.y[found.is_glitch]), 1)
    assert (np.diag(counts) == 0).all()
    for true_class, row in enumerate(counts):
        others = np.delete(row, true_class)
        assert np.abs(others / others.sum() - 1 / 3).max() < 0.03
    shares = counts.sum(axis=1) / counts.sum()
    assert np.abs(shares - np.array(CLASS_SIZES) / 400).max() < 0.02


@pytest.mark.parametrize("ratio", RATIOS)
def test_class_dependent_noise_moves_part_of_one_class_to_another(ratio: float) -> None:
    sources, targets = set(), set()
    for seed in range(30):
        found = inject("class_dependent_noise", toy_dataset(), ratio, seed)
        (source,) = np.unique(found.true_label[found.is_glitch])
        (target,) = np.unique(found.data.y[found.is_glitch])
        assert source != target
        assert found.is_glitch.sum() == floor(round(ratio * CLASS_SIZES[source], 9))
        sources.add(source)
        targets.add(target)
    if ratio >= 0.05:
        assert sources == targets == {0, 1, 2, 3}


def overlapping(modality: Modality) -> Dataset:
    """Three classes in a row, 0 and 1 overlap, 2 is far from both."""
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1, 2], 200)
    centre = np.array([100, 120, 220])[y]
    values = rng.normal(centre[:, None], 10, (600, 4))
    x: np.ndarray = values.astype(np.float32)
    if modality == "image":
        x = np.clip(values, 0, 255).astype(np.uint8).reshape(600, 2, 2, 1)
    return Dataset("overlap", modality, x, y, ("a", "b", "c"), np.arange(600))


@pytest.mark.parametrize("ratio", [0.01, 0.1, 0.4])
def test_instance_dependent_noise_flips_exactly_the_ratio(ratio: float) -> None:
    found = inject("instance_dependent_noise", overlapping("tabular"), ratio)
    assert found.is_glitch.sum() == floor(round(ratio * 600, 9))
    assert ((found.data.y != found.true_label) == found.is_glitch).all()


@pytest.mark.parametrize("modality", ["image", "tabular"])
def test_instance_dependent_noise_flips_what_is_confusable(
    modality: Modality,
) -> None:
    found = inject("instance_dependent_noise", overlapping(modality), 0.1)
    flipped = found.take(np.flatnonzero(found.is_glitch))
    between = np.isin(flipped.true_label, [0, 1]) & np.isin(flipped.data.y, [0, 1])
    assert between.mean() > 0.8  # a third, if it were uniform over pairs of classes
    pixels = found.data.x.reshape(600, -1).mean(axis=1)
    from_middle = np.abs(pixels - 110)
    two = np.isin(found.true_label, [0, 1])
    assert from_middle[found.is_glitch & two].mean() < 0.9 * from_middle[two].mean()


def test_large_images_are_reduced_for_the_forest() -> None:
    large = toy_dataset(sizes=(30, 30), shape=(40, 80, 3))
    found = inject("instance_dependent_noise", large, 0.1)
    assert found.is_glitch.sum() == 6
    assert found.data.x.shape[1:] == (40, 80, 3)


def test_human_labels_are_drawn_from_the_votes() -> None:
    votes = np.zeros((400, 4), np.int64)
    train = toy_dataset("tabular")
    votes[np.arange(400), train.y] = 30
    votes[:, 1] += 10
    draws = [inject("human_labels", replace(train, votes=votes), seed=seed) for seed in range(30)]
    for found in draws:
        assert ((found.data.y != found.true_label) == found.is_glitch).all()
        assert (found.data.y[found.is_glitch] == 1).all()
        assert not found.is_glitch[found.true_label == 1].any()
    shares = [found.is_glitch[found.true_label != 1].mean() for found in draws]
    assert np.mean(shares) == pytest.approx(0.25, abs=0.01)


def test_human_labels_need_answers() -> None:
    with pytest.raises(UserError, match="needs people's answers, but 'toy' has none"):
        inject("human_labels", toy_dataset())


def test_class_dependent_noise_passes_by_classes_too_small_for_one_sample() -> None:
    for seed in range(20):
        found = inject("class_dependent_noise", toy_dataset(sizes=(200, 9)), 0.1, seed)
        assert set(found.true_label[found.is_glitch]) == {0}
    with pytest.raises(UserError, match=r"less than one sample of each class: .*9"):
        inject("class_dependent_noise", toy_dataset(sizes=(9, 9)), 0.1)


@pytest.mark.parametrize("ratio", RATIOS[:-1])
def test_near_clustered_anomalies_make_one_class_exactly_that_rare(ratio: float) -> None:
    train = toy_dataset("tabular")
    for seed in range(10):
        found = inject("near_clustered_anomalies", train, ratio, seed)
        (rare,) = np.unique(found.data.y[found.is_glitch])
        assert (found.is_glitch == (found.data.y == rare)).all()
        assert found.is_glitch.sum() == share_of(ratio, len(found))
        assert CLASS_SIZES[rare] > ratio * 400
        assert len(found) - found.is_glitch.sum() == 400 - CLASS_SIZES[rare]
        assert (found.true_label == found.data.y).all()


def test_near_clustered_anomalies_draw_among_all_eligible_classes() -> None:
    drawn = {
        int(found.data.y[found.is_glitch][0])
        for found in (
            inject("near_clustered_anomalies", toy_dataset("tabular"), 0.1, seed)
            for seed in range(40)
        )
    }
    assert drawn == {0, 1, 2}  # class 3 has a share of exactly 0.1


def test_near_clustered_anomalies_without_an_eligible_class_name_the_shares() -> None:
    with pytest.raises(UserError) as error:
        inject("near_clustered_anomalies", toy_dataset("tabular"), 0.45)
    assert "exceeds 0.45" in str(error.value)
    assert "class 0 0.4, class 1 0.3, class 2 0.2, class 3 0.1" in str(error.value)


@pytest.mark.parametrize("ratio", RATIOS)
def test_far_clustered_anomalies_are_one_foreign_class_under_one_label(ratio: float) -> None:
    found = inject("far_clustered_anomalies", toy_dataset(), ratio)
    added = found.is_glitch
    assert len(found) - added.sum() == 400
    assert added.sum() == share_of(ratio, len(found))
    assert len(np.unique(found.data.y[added])) == 1
    assert (found.true_label[added] == NO_TRUE_LABEL).all()
    rows = found.data.source_index[added] // 10
    assert len(np.unique(rows)) == len(rows)
    assert len(np.unique(FOREIGN.y[rows])) == 1
    assert (found.data.x[added] == matched(FOREIGN.x[rows], 8, 8, 1)).all()


def test_far_clustered_anomalies_draw_class_and_label_at_random() -> None:
    found = [inject("far_clustered_anomalies", toy_dataset(), 0.1, seed) for seed in range(40)]
    assert {int(f.data.y[f.is_glitch][0]) for f in found} == {0, 1, 2, 3}
    assert {int(FOREIGN.y[f.data.source_index[f.is_glitch][0] // 10]) for f in found} == {0, 1}


def test_far_clustered_anomalies_need_a_foreign_dataset_that_is_large_enough() -> None:
    plan, rng = parse_glitch("far_clustered_anomalies"), np.random.default_rng(0)
    with pytest.raises(UserError, match="needs a foreign dataset, but 'toy'"):
        plan.inject(toy_dataset(), 0.1, rng)
    with pytest.raises(UserError, match=r"adds 44 samples of one class of 'toy'.* has 30"):
        plan.inject(toy_dataset(), 0.1, rng, Donors(foreign=toy_dataset(sizes=(30, 20))))


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("text", ["stripe_outliers", "brightness_outliers"])
def test_outliers_in_place_keep_their_labels(text: str, ratio: float) -> None:
    train = toy_dataset()
    found = inject(text, train, ratio)
    (part,) = parse_glitch(text).parts
    assert found.is_glitch.sum() == floor(round(ratio * 400, 9))
    assert (found.true_label == found.data.y).all()
    originals = train.x[found.data.source_index[found.is_glitch] // 10]
    assert isinstance(part.glitch, ComputedOutliers)
    corrupted = part.glitch.corrupt(originals)
    assert (found.data.x[found.is_glitch] == corrupted).all()
    assert (corrupted != originals).any(axis=(1, 2, 3)).all()


def test_added_outliers_are_spare_images_of_one_class_under_one_label() -> None:
    found = inject("stripe_outliers(mode=added)", toy_dataset(), 0.2)
    added = found.is_glitch
    assert set(found.glitch[added]) == {"stripe_outliers(mode=added)"}
    assert added.sum() == share_of(0.2, len(found)) == 100
    assert (found.data.source_index[added] >= 1_000_000).all()
    assert len(np.unique(found.data.y[added])) == 1
    assert len(np.unique(found.true_label[added])) == 1


def test_added_outliers_without_spare_images() -> None:
    plan, rng = parse_glitch("stripe_outliers(mode=added)"), np.random.default_rng(0)
    for empty in (None, lambda: toy_dataset(sizes=(0, 0))):
        with pytest.raises(UserError, match="'toy' has none left: draw a smaller subset of it"):
            plan.inject(toy_dataset(), 0.1, rng, Donors(spare=empty))


def test_stripes_are_the_published_columns_at_the_published_width() -> None:
    image = np.arange(28, dtype=np.uint8).reshape(1, 1, 28, 1)
    found = StripeOutliers.corrupt(image).ravel()
    inverted = np.flatnonzero(found == 255 - np.arange(28))
    assert inverted.tolist() == [*range(7), *range(21, 28)]
    assert found[7:21].tolist() == list(range(7, 21))


@pytest.mark.parametrize(("width", "stripe"), [(8, 2), (32, 8), (30, 8), (224, 56)])
def test_stripes_scale_with_the_width(width: int, stripe: int) -> None:
    found = StripeOutliers.corrupt(np.zeros((1, 3, width, 3), np.uint8))
    assert (found[:, :, :stripe] == 255).all()
    assert (found[:, :, stripe : width - stripe] == 0).all()
    assert (found[:, :, width - stripe :] == 255).all()


def test_brightness_of_grey_images() -> None:
    values = np.arange(256, dtype=np.uint8)
    found = BrightnessOutliers.corrupt(values.reshape(1, 16, 16, 1)).ravel()
    published = np.minimum(values / 255 + 0.5, 1) * 255
    assert np.abs(found - published).max() <= 0.5


def test_brightness_of_colours_keeps_hue_and_saturation() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 5, 3), dtype=np.uint8)
    pixels[0, 0, 0] = 0
    hsv = rgb_to_hsv(pixels / 255)
    hsv[..., 2] = np.minimum(hsv[..., 2] + 0.5, 1)
    assert np.abs(BrightnessOutliers.corrupt(pixels) - hsv_to_rgb(hsv) * 255).max() <= 0.5 + 1e-6


def test_published_corruptions_of_the_training_images_replace_them() -> None:
    train = toy_dataset()
    found = inject("published_corruption(corruption=aligned)", train, 0.2)
    rows = found.data.source_index[found.is_glitch] // 10
    assert found.is_glitch.sum() == 80
    assert (found.data.x[found.is_glitch] == 255 - train.x[rows]).all()
    assert (found.data.y == found.true_label).all()


def test_published_corruptions_of_other_images_replace_their_class() -> None:
    train, others = toy_dataset(), spare()
    found = inject("published_corruption(corruption=others)", train, 0.2)
    label_of = {(255 - x).tobytes(): label for x, label in zip(others.x, others.y, strict=True)}
    corrupted = found.data.x[found.is_glitch]
    assert [label_of[x.tobytes()] for x in corrupted] == found.data.y[found.is_glitch].tolist()
    assert len({x.tobytes() for x in corrupted}) == 80


def test_published_corruptions_that_do_not_fit() -> None:
    train, rng = toy_dataset(), np.random.default_rng(0)
    plan = parse_glitch("published_corruption(corruption=fog)")
    assert plan.published() == [("fog", None)]
    with pytest.raises(UserError, match="no corrupted images of 'toy' are published"):
        plan.inject(train, 0.1, rng)
    shuffled = replace(train, y=np.roll(train.y, 1))
    for training in (shuffled, train.take(np.arange(10))):
        donors = Donors(published=lambda *_, t=training: Corrupted(t, t))
        with pytest.raises(UserError, match="are not those of 'toy' in its order"):
            plan.inject(train, 0.1, rng, donors)
    few = Donors(published=lambda *_: Corrupted(None, train.take(np.arange(20))))
    with pytest.raises(UserError, match=r"needs \d+ corrupted images of class '.*', but there"):
        plan.inject(train, 0.5, rng, few)


def test_known_glitches_are_entered_and_nothing_is_injected() -> None:
    train = toy_dataset("tabular")
    train = replace(train, known_glitch=train.source_index % 70 == 0)
    found = inject("known_glitches", train, 0.0)
    assert (found.is_glitch == (found.data.source_index % 70 == 0)).all()
    assert (found.true_label[found.is_glitch] == NO_TRUE_LABEL).all()
    assert found.data.x.tobytes() == train.x[found.data.source_index // 10].tobytes()


def test_known_glitches_need_marks() -> None:
    train = toy_dataset()
    with pytest.raises(UserError, match="name their column with known_glitch"):
        inject("known_glitches", train)
    with pytest.raises(UserError, match="marks no sample of the training set"):
        inject("known_glitches", replace(train, known_glitch=np.zeros(400, bool)))


def test_mixtures_give_each_part_its_share_of_the_final_set() -> None:
    shares = {
        "far_clustered_anomalies": 0.1,
        "stripe_outliers(mode=added)": 0.05,
        "uniform_noise": 0.15,
        "brightness_outliers": 0.04,
    }
    text = "+".join(f"{name}:{share}" for name, share in shares.items())
    found = inject(text, toy_dataset(), 0.34)
    for name, share in shares.items():
        assert abs((found.glitch == name).sum() - share * len(found)) <= 1
    assert (found.glitch == CLEAN).sum() == len(found) - found.is_glitch.sum()


def test_mixtures_with_a_downsampled_class() -> None:
    found = inject(
        "near_clustered_anomalies:0.1+uniform_noise:0.2", toy_dataset("tabular"), 0.3, seed=3
    )
    rare = found.glitch == "near_clustered_anomalies"
    assert abs(rare.sum() - 0.1 * len(found)) <= 1
    assert (found.data.y[rare] == found.true_label[rare]).all()
    assert (found.glitch == "uniform_noise").sum() == share_of(0.2, len(found))


def test_mixtures_without_shares_divide_the_ratio() -> None:
    found = inject("uniform_noise+stripe_outliers", toy_dataset(), 0.3)
    assert (found.glitch == "uniform_noise").sum() == 60
    assert (found.glitch == "stripe_outliers").sum() == 60


def test_none_only_shuffles() -> None:
    train = toy_dataset()
    found = parse_glitch("none").inject(train, 0.0, np.random.default_rng(0))
    assert not found.is_glitch.any()
    assert sorted(found.data.source_index) == sorted(train.source_index)
    assert (found.data.source_index != train.source_index).any()


def test_known_marks_of_the_user_follow_their_samples() -> None:
    train = toy_dataset()
    train = replace(train, known_glitch=train.source_index % 70 == 0)
    found = inject("far_clustered_anomalies", train)
    assert found.data.known_glitch is not None
    marked = found.data.source_index[found.data.known_glitch & ~found.is_glitch]
    assert sorted(marked) == [s for s in train.source_index if s % 70 == 0]
    assert not found.data.known_glitch[found.is_glitch].any()


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("others", [1, 7, 90, 360, 4800])
def test_a_count_beside_others_is_the_floor_of_the_ratio_of_all(ratio: float, others: int) -> None:
    count = share_added(ratio, others)
    assert count == share_of(ratio, others + count)
    assert count + 1 > ratio * (others + count + 1) - 1e-9


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("wanted", [1, 3])
def test_matching_channels(channels: int, wanted: int) -> None:
    pixels = np.full((2, 4, 4, channels), 100, np.uint8)
    found = matched(pixels, 4, 4, wanted)
    assert found.shape == (2, 4, 4, wanted)
    assert (found == 100).all()


def test_matching_averages_when_it_shrinks() -> None:
    found = matched(images([0.0], [255.0]).repeat(2, axis=1), 1, 1, 1)
    assert 120 <= int(found[0, 0, 0, 0]) <= 135
