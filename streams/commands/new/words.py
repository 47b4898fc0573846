"""The vocabularies that are too long for the sentence that explains a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.vocabulary import ACTS, TARGETS

WORDS: Mapping[str, Sequence[str]] = {
    "data.act": tuple(ACTS),
    "data.targets": tuple(TARGETS),
    "data.prohibits.acts": tuple(ACTS),
    "data.prohibits.targets": tuple(TARGETS),
}
"""By the paths of the fields that have them."""
