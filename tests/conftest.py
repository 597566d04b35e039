"""Property tests: 50 examples each; ``--hypothesis-profile=ci`` tries 1,000, ``many`` 100,000."""

from hypothesis import HealthCheck, settings

_COMMON = settings(
    deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True
)
settings.register_profile("few", _COMMON, max_examples=50, derandomize=True)
settings.register_profile("ci", _COMMON, max_examples=1_000, derandomize=True)
settings.register_profile("many", _COMMON, max_examples=100_000)
settings.load_profile("few")
