"""Repair: decisions on suspicions, applied to a copy of the data, and what that gains."""
