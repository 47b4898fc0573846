"""A program that folds a log into a ledger and has a lake follow it, until it is killed.

`keeping.py FOLDER INCIDENTS`: it says `begun` once it has opened both, and `done` at the end.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(folder: Path, incidents: int) -> None:
    """Fold what is left of the log, a few events at a time."""
    from analytics.lake import upkeep
    from analytics.lake.keeper import Keeper
    from analytics.lake.writer import LakeWriter
    from analytics.ledger.ledger import Ledger
    from tests.lake.compared import Fold, revised
    from tests.support.logged import LOG_ID

    rng = random.Random()
    upkeep.MANY_INLINED, upkeep.MANY_FILES = 1_100, 3
    with Ledger.open(folder / "truce.duckdb") as ledger:
        keeper = Keeper(LakeWriter(folder / "lake"), ledger.cursor())
        at = ledger.offsets(LOG_ID).get(0, 0)
        fold = Fold(ledger, [*revised(incidents)], at=at)
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        while fold.left:
            fold.take(rng.choice((1, 20, 600)))
            if rng.random() < 0.7:
                keeper.update(anew=rng.random() < 0.1)
            if rng.random() < 0.4:
                keeper.maintain(keep_seconds=0)
        keeper.update()
        keeper.close()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(Path(sys.argv[1]), int(sys.argv[2]))
