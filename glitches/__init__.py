"""Glitches: one file each, injected into a clean training set."""

from common.registry import Registry
from glitches.base import Glitch

GLITCHES: Registry[type[Glitch]] = Registry(
    "glitch",
    {
        "none": "glitches.none:NoGlitch",
        "uniform_noise": "glitches.uniform_noise:UniformNoise",
        "class_dependent_noise": "glitches.class_dependent_noise:ClassDependentNoise",
        "near_clustered_anomalies": "glitches.near_clustered_anomalies:NearClusteredAnomalies",
        "far_clustered_anomalies": "glitches.far_clustered_anomalies:FarClusteredAnomalies",
        "stripe_outliers": "glitches.stripe_outliers:StripeOutliers",
        "brightness_outliers": "glitches.brightness_outliers:BrightnessOutliers",
        "blur_outliers": "glitches.blur_outliers:BlurOutliers",
        "noise_outliers": "glitches.noise_outliers:NoiseOutliers",
        "inversion_outliers": "glitches.inversion_outliers:InversionOutliers",
        "published_corruption": "glitches.published_corruption:PublishedCorruption",
        "known_glitches": "glitches.known_glitches:KnownGlitches",
    },
)
