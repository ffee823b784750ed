"""How long and how reproducibly the tests of this folder search.

By default every run draws the same few examples, so that a pull request fails for what it changed.
`make fuzz` sets the profile `search`, which draws new ones and remembers what failed.
"""

import os

from hypothesis import HealthCheck, settings

_UNTIMED = {
    # The machine may be busy; hangs are found by limits of their own.
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}
settings.register_profile("ci", max_examples=100, derandomize=True, database=None, **_UNTIMED)
settings.register_profile("search", max_examples=1000, print_blob=True, **_UNTIMED)
settings.load_profile(os.environ.get("SONAR_SIGN_FUZZ_PROFILE", "ci"))
