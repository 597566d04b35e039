"""Vocabulary shared by every package: errors, registries, seeds and the dataset type."""
