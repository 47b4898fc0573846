"""Who watched where and when, how well, and who was kept from it.

No verdict follows from it: it says how much the absence of reports is worth.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from schemas.claims import AreaTerms, Evidence
from schemas.fields import Frozen, Identifier, NullIs, Text
from schemas.reports import Reporter
from schemas.time_fields import Time

Quality = Literal["full", "partial", "denied", "none"]


class Coverage(Frozen):
    """Somebody watched an area during a time, in full or in part, or was denied to.

    The same `coverage_id` again is a revision; `none` takes it back. An absent area was not said,
    and a null in it is "and others not named".
    """

    conflict: Identifier
    coverage_id: Identifier
    reported_by: Reporter
    start: Time
    end: Time
    area: Annotated[AreaTerms, NullIs(())] = ()
    quality: Quality
    as_stated: Text | None = None
    evidence: Evidence = ()

    @model_validator(mode="after")
    def _takes_time(self) -> Coverage:
        if self.end <= self.start:
            raise PydanticCustomError(
                "order", "expected the end to be after the start", {"field": "end"}
            )
        return self
