"""How hard the properties are tried. Not for fixtures of one room: those stand beside its tests."""

import os

from hypothesis import HealthCheck, settings

# A shared machine is slow now and then: no deadline, and slow data is no finding.
for name, examples in (("default", 100), ("ci", 300), ("fuzz", 5_000)):
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default")
)
