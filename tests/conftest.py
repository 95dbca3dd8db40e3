"""Hypothesis profiles: `dev` at the desk, `ci` for every push, `prove` through the night.

`planted` is for tests.planted_bugs: there a failure is expected, and need not be made small.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile("dev", deadline=None, max_examples=25, suppress_health_check=SLOW)
settings.register_profile(
    "ci", deadline=None, max_examples=80, derandomize=True, suppress_health_check=SLOW
)
settings.register_profile("prove", deadline=None, max_examples=2_000, suppress_health_check=SLOW)
settings.register_profile(
    "planted", settings.get_profile("ci"), phases=[Phase.explicit, Phase.generate]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
