"""What a lake on S3 takes beside one on a disk: processor time and requests, for `docs/scale.md`.

`python -m tests.scale.s3_costs`
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from analytics.lake.session import open_lake
from tests.lake.compared import House
from tests.scale.served_s3 import BUCKET, ServedS3, served_s3

INCIDENTS, MORE = 4_000, 1_200


def main() -> None:
    """Print a line for each step and place."""
    with tempfile.TemporaryDirectory() as name, served_s3(Path(name)) as server:
        os.environ.update(server.environment)
        for number in range(2):
            for place, data in (("disk", ""), ("s3", f"s3://{BUCKET}/costs/{number}")):
                folder = Path(name) / f"{place}-{number}"
                folder.mkdir()
                _measure(folder, place, data, server)


def _measure(folder: Path, place: str, data: str, server: ServedS3) -> None:
    def step(name: str, run: Callable[[], object]) -> None:
        before, asked = _cpu_seconds(), server.requests()
        run()
        took, requests = _cpu_seconds() - before, server.requests() - asked
        sys.stdout.write(f"{place:5} {name:28} {took:5.2f} s {requests:4} requests\n")

    house = House(folder, data=data)
    house.fold(INCIDENTS)
    step(f"{INCIDENTS} incidents at once", house.keeper.update)
    house.fold(MORE, first=100_000)
    step(f"{MORE} more", house.keeper.update)
    step("upkeep", lambda: house.keeper.maintain(keep_seconds=0))
    with open_lake(house.path) as lake:
        step("all payloads", lambda: lake.ask("SELECT sum(length(payload)) FROM accepted"))
        step("compliance", lambda: lake.ask("FROM compliance"))
        step("looking again", lake.refresh)
    step("opening", lambda: open_lake(house.path).close())
    house.close()


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
