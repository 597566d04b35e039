"""Audit: what is wrong with a training set of one's own, why, and what to do about it."""

from experiments.audit.api import audit

__all__ = ["audit"]
