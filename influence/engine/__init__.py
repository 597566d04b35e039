"""Exact last-layer influence at the speed of a matrix product."""
