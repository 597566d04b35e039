"""Repair: apply decisions on suspicious samples to a copy of the data, and measure the gain."""
