"""How often a property is tried, and in how many parts: each core takes one at a time.

Of many examples many parts, since at the end one core works on the last of them alone.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

EXAMPLES = settings().max_examples
# Without a seed of its own, as Hypothesis does it in CI, each part would try the very same.
PARTS = 1 if settings().derandomize else max(2, EXAMPLES // 500)

in_parts = pytest.mark.parametrize("part", range(PARTS))


def tried(at_most: int = 20) -> settings:
    """As often as `make invariants` wants it, and in `make test` at most so often, in all parts.

    Few suffice there: CI tries each property on hundreds of fresh logs.
    """
    wanted = EXAMPLES if EXAMPLES > 100 else min(EXAMPLES, at_most)
    return settings(max_examples=wanted // PARTS)
