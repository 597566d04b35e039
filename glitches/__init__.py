"""The registry of glitches. Each is one file, and is injected into a clean training set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.registry import Entry, Registry

if TYPE_CHECKING:
    from glitches.base import Glitch

GLITCHES: Registry[type[Glitch]] = Registry(
    "glitch",
    {
        "none": Entry("glitches.none:NoGlitch", "no glitch"),
        "uniform_noise": Entry("glitches.uniform_noise:UniformNoise", "uniform class noise"),
        "class_dependent_noise": Entry(
            "glitches.class_dependent_noise:ClassDependentNoise", "class-dependent noise"
        ),
        "instance_dependent_noise": Entry(
            "glitches.instance_dependent_noise:InstanceDependentNoise", "instance-dependent noise"
        ),
        "human_labels": "glitches.human_labels:HumanLabels",
        "near_clustered_anomalies": Entry(
            "glitches.near_clustered_anomalies:NearClusteredAnomalies", "near-clustered anomalies"
        ),
        "far_clustered_anomalies": Entry(
            "glitches.far_clustered_anomalies:FarClusteredAnomalies", "far-clustered anomalies"
        ),
        "stripe_outliers": "glitches.stripe_outliers:StripeOutliers",
        "brightness_outliers": "glitches.brightness_outliers:BrightnessOutliers",
        "blur_outliers": "glitches.blur_outliers:BlurOutliers",
        "noise_outliers": "glitches.noise_outliers:NoiseOutliers",
        "inversion_outliers": "glitches.inversion_outliers:InversionOutliers",
        "published_corruption": "glitches.published_corruption:PublishedCorruption",
        "known_glitches": "glitches.known_glitches:KnownGlitches",
    },
)
