"""Whatever is asked of the lake harms only the process that asks it: the list of attacks."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from analytics.lake.confined.confine import landlock_version
from analytics.lake.confined.statements import Refused, asking
from analytics.lake.keeper import Keeper
from analytics.lake.session import open_lake
from analytics.lake.writer import LakeWriter
from analytics.ledger.ledger import Ledger
from streams.commands.sql.answering import Process
from streams.errors import BadInput
from streams.settings import Settings
from tests.analytics.written import Step, changed, claim, judged, report, write
from tests.cli.commands import ROOT, environment
from tests.lake.attacks import ACTING, ASKING, GREEDY

T1 = "2026-02-01T00:00:01Z"
SECRET = "only-its-owner-may-know-this"  # noqa: S105 - it is one for the test
TOKEN = "only-the-worker-may-know-this"  # noqa: S105


class Target(NamedTuple):
    """A lake whose ledger goes on being written, and a folder that nobody should look into."""

    ledger: Ledger
    keeper: Keeper
    folder: Path

    @property
    def lake(self) -> Path:
        return self.keeper.path

    def files(self) -> dict[str, str]:
        """The digest of every file of the lake and of the folder.

        But for what SQLite puts beside a catalogue while it is open, which comes and goes.
        """
        return {
            str(path): sha256(path.read_bytes()).hexdigest()
            for folder in (self.lake, self.folder)
            for path in folder.rglob("*")
            if path.is_file() and not path.name.endswith("-shm") and path.stat().st_size
        }

    def write_on(self, incident: str) -> None:
        """The worker's part: what comes in is judged, and goes into the lake."""
        offset = 1 + sum(self.ledger.offsets("log").values())
        write(
            self.ledger,
            Step(report(incident), T1, (changed(None, judged(), incident),)),
            first=offset,
        )
        self.keeper.update()

    def filled(self, attack: str) -> str:
        """The attack, aimed at this."""
        aimed = attack.replace("{lake}", str(self.lake)).replace("{folder}", str(self.folder))
        return aimed.replace("\\n", "\n")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    data_dir = tmp_path_factory.mktemp("data")
    folder = tmp_path_factory.mktemp("secret")
    (folder / "secret.csv").write_text(f"a\n{SECRET}\n")
    (data_dir / "worker.json").write_text(TOKEN)
    with sqlite3.connect(folder / "secret.sqlite") as database:
        database.execute("CREATE TABLE secret (a)")
        database.execute("INSERT INTO secret VALUES (?)", [SECRET])
    database.close()
    with Ledger.open(data_dir / "truce.duckdb") as ledger:
        found = Target(ledger, Keeper(LakeWriter(data_dir / "lake"), ledger.cursor()), folder)
        write(ledger, Step(claim(), T1), first=0)
        found.write_on("i0")
        # A change of before, and files that are not needed any more: what a mean reader could use.
        found.keeper.update(anew=True)
        yield found
        found.keeper.close()


def outcomes(
    target: Target, attacks: Sequence[str], reader: Path, kinds: str
) -> list[dict[str, Any]]:
    """What each attack came to; where one ended the process, the next has a new one."""
    found: list[dict[str, Any]] = []
    while len(found) < len(attacks):
        left = [target.filled(attack) for attack in attacks[len(found) :]]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.lake.attacker"),
                *(str(target.lake), str(reader), "200MB", kinds),
            ],
            input="".join(json.dumps(attack) + "\n" for attack in left),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment(TRUCE_TEST_SECRET=SECRET),
            timeout=120,
            check=False,
        )
        found += [json.loads(line) for line in done.stdout.splitlines()]
        if len(found) < len(attacks):
            assert done.returncode < 0, done.stderr
            found.append({"ended": signal.Signals(-done.returncode).name})
    return found


@pytest.mark.parametrize("attack", ACTING)
def test_what_acts_is_refused_before_it_begins(attack: str, target: Target) -> None:
    with pytest.raises((Refused, duckdb.Error)) as refused:
        asking(target.filled(attack))
    if isinstance(refused.value, Refused):
        assert "is refused: only what asks" in str(refused.value)


UNCHECKED = pytest.param(
    "unchecked",
    marks=pytest.mark.skipif(landlock_version() < 1, reason="this kernel has no Landlock"),
)


@pytest.mark.parametrize("kinds", ["checked", UNCHECKED])
def test_no_attack_reaches_or_changes_anything(kinds: str, target: Target, tmp_path: Path) -> None:
    # Not even if DuckDB did not say of which kind a statement is.
    more = [] if kinds == "checked" else [one for one in ACTING if "DETACH lake" not in one]
    before = target.files()
    attacks = [*ASKING, *more]
    for attack, outcome in zip(attacks, outcomes(target, attacks, tmp_path, kinds), strict=True):
        said = json.dumps(outcome)
        assert SECRET not in said, attack
        assert TOKEN not in said, attack
    assert target.files() == before
    target.write_on(f"after-{kinds}")
    with open_lake(target.lake) as lake:
        asked = "SELECT count(*) FROM verdicts WHERE incident_id = $incident"
        assert lake.ask(asked, {"incident": f"after-{kinds}"}) == [(1,)]


@pytest.mark.parametrize("attack", GREEDY)
def test_a_greedy_query_ends_by_itself_and_the_writer_goes_on(attack: str, target: Target) -> None:
    settings = Settings(data_dir=target.lake.parent, memory="200MB", query_seconds=2)
    before = target.files()
    with Process() as process, pytest.raises(BadInput) as ended:
        process.answer(settings, target.filled(attack), "csv")
    assert "\n" not in str(ended.value)
    assert target.files() == before
    target.write_on(f"after-{GREEDY.index(attack)}")
