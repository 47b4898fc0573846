"""A worker of several that write one lake, as a program that is killed at any moment.

`sharing.py FOLDER LAKE POSTGRES DATA NAME PARTITIONS`: it folds what is left of these partitions of the
log into its own ledger, has its part of the lake follow, and says `begun` once it has begun.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(
    folder: Path, lake: Path, postgres: str, data: str, name: str, partitions: list[int]
) -> None:
    """Fold what is left, a few events at a time, of one partition after the other."""
    from analytics.lake import upkeep
    from analytics.lake.keeper import Keeper
    from analytics.lake.writer import LakeWriter
    from analytics.ledger.ledger import Ledger
    from tests.scale.shared import SharedFold

    rng = random.Random()
    upkeep.MANY_INLINED, upkeep.MANY_FILES = 100, 3
    with Ledger.open(folder / "truce.duckdb") as ledger:
        keeper = Keeper(LakeWriter(lake, postgres, name, data), ledger.cursor())
        fold = SharedFold(ledger, partitions)
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        while fold.left:
            fold.take(rng.choice((1, 20, 100)))
            if rng.random() < 0.6:
                keeper.update(anew=rng.random() < 0.05)
            if rng.random() < 0.2:
                keeper.update()
                keeper.maintain(keep_seconds=60)
        keeper.update()
        keeper.close()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    lake, postgres, data, name, partitions = sys.argv[2:]
    shares = [*map(int, partitions.split(","))]
    main(Path(sys.argv[1]), Path(lake), postgres, data, name, shares)
