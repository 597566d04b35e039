"""Property tests: 300 examples each, or 100,000 by ``pytest --hypothesis-profile=many``."""

from hypothesis import HealthCheck, settings

_COMMON = settings(
    deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("few", _COMMON, max_examples=300, derandomize=True)
settings.register_profile("many", _COMMON, max_examples=100_000)
settings.load_profile("few")
