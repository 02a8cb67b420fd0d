"""Puts the runtime's stubs on the path, and sets the number of examples: `make fuzz` runs more of them.

A failure prints its smallest input; it stays in the suite as an `@example`.
"""

import os

from hypothesis import HealthCheck, settings
from runtime_stubs import pytest_configure, stub_folder

__all__ = ["pytest_configure", "stub_folder"]

EXAMPLES = int(os.environ.get("GFPLUG_FUZZ_EXAMPLES", "25"))
settings.register_profile(
    "fuzz",
    max_examples=EXAMPLES,
    deadline=5000,  # milliseconds for one input: no input may hang
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    print_blob=True,
)
settings.load_profile("fuzz")
