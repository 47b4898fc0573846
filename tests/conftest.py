"""How hard the properties are tried. Not for fixtures of one room: those stand beside its tests."""

import gc
import os

from hypothesis import HealthCheck, settings

# As the worker does, for the same reason: see streams.tuning.tune_collector.
gc.freeze()
gc.set_threshold(50_000, 20, 100)

# Where tests run in parallel a width is set, by which what is printed would be wrapped.
os.environ.pop("COLUMNS", None)

LOGS = int(os.environ.get("TRUCE_INVARIANT_LOGS", "2000"))

# A shared machine is slow now and then: no deadline, and slow data is no finding.
for name, examples in (("default", 100), ("ci", 100), ("invariants", LOGS), ("fuzz", 5_000)):
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        print_blob=True,
        # Where CI is set, Hypothesis would try the very same each time, and in each part of a test.
        derandomize=name == "ci",
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default")
)
