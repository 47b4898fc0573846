"""Whatever is asked of a lake on S3 reaches its own files alone, and no key."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from analytics.lake.confined.confine import landlock_version
from analytics.lake.keeper import Keeper
from analytics.lake.session import connect
from analytics.lake.writer import LakeWriter
from analytics.ledger.ledger import Ledger
from tests.cli.commands import ROOT, environment
from tests.lake.attacks import ACTING
from tests.lake.compared import Fold, revised
from tests.lake.test_attacks import UNCHECKED
from tests.scale.served_s3 import BUCKET, SECRET, TOKEN, ServedS3

ELSEWHERE = "only-its-owner-may-know-this"
DATA = f"s3://{BUCKET}/attacked/data"
REACHING = r"""
FROM read_text('{endpoint}/other/secret.csv')
FROM read_text('{endpoint}/truce/secret.csv')
FROM read_csv('{endpoint}/other/secret.csv')
FROM '{endpoint}/other/secret.csv'
FROM read_text('s3://other/secret.csv')
FROM read_text('s3://truce/secret.csv')
FROM read_blob('s3://truce/attacked/secret.csv')
FROM read_csv('s3a://other/secret.csv')
FROM read_csv('s3n://other/secret.csv')
FROM read_csv('gcs://other/secret.csv')
FROM read_csv('r2://other/secret.csv')
FROM read_text('{data}/../secret.csv')
FROM read_text('{data}/../../secret.csv')
FROM read_text('{data}/main/accepted/../../../../../other/secret.csv')
FROM read_text('{data}/%2e%2e/secret.csv')
FROM read_text('{data}/secret.csv')
FROM read_text('{file}?s3_endpoint={host}')
FROM read_text('{file}?s3_access_key_id=x&s3_secret_access_key=y')
FROM read_text('{file}/../../../../../secret.csv')
FROM read_parquet('s3://other/secret.csv')
FROM read_parquet(['{file}', 's3://truce/secret.csv'])
FROM glob('s3://truce/**')
FROM glob('s3://other/*')
FROM glob('{data}/**')
FROM parquet_metadata('s3://other/secret.csv')
FROM read_duckdb('s3://other/secret.csv')
FROM duckdb_secrets()
FROM duckdb_secrets(redact => FALSE)
FROM which_secret('{file}', 's3')
FROM duckdb_settings()
SELECT current_setting('s3_secret_access_key')
SELECT current_setting('s3_session_token')
SELECT getenv('AWS_SECRET_ACCESS_KEY')
FROM read_text('/proc/self/environ')
FROM duckdb_logs
FROM enable_logging('HTTP')
EXPLAIN ANALYZE SELECT sum(length(payload)) FROM accepted
FROM load_aws_credentials()
""".strip().splitlines()
WRITING = r"""
COPY (SELECT 1) TO '{data}/x.parquet'
COPY (SELECT 1) TO '{file}.parquet'
COPY (SELECT 1) TO 's3://other/x.parquet'
COPY accepted TO '{endpoint}/other/x.parquet'
CREATE SECRET mine (TYPE s3, KEY_ID 'x', SECRET 'y', ENDPOINT '{host}')
CREATE OR REPLACE PERSISTENT SECRET lake (TYPE s3, KEY_ID 'x', SECRET 'y')
DROP SECRET lake
ATTACH 's3://other/x.duckdb'
ATTACH '{endpoint}/other/x.duckdb'
SET s3_endpoint = '{host}'
SET allowed_paths = ['s3://other/secret.csv']
RESET allowed_paths
RESET s3_secret_access_key
RESET GLOBAL s3_secret_access_key
RESET GLOBAL s3_session_token
SET http_logging_output = '{folder}/log'
""".strip().splitlines()


class Attacked(NamedTuple):
    """A lake on S3, one of its files, and the server."""

    lake: Path
    file: str
    server: ServedS3

    def filled(self, attack: str) -> str:
        """The attack, aimed at this."""
        for name, value in (
            ("{data}", DATA),
            ("{file}", self.file),
            ("{endpoint}", self.server.endpoint),
            ("{host}", f"127.0.0.1:{self.server.port}"),
            ("{lake}", str(self.lake)),
            ("{folder}", str(self.lake.parent)),
        ):
            attack = attack.replace(name, value)
        return attack.replace("\\n", "\n")


@pytest.fixture(scope="module")
def attacked(s3_server: ServedS3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    s3_server.put("other")
    for path in ("other", BUCKET, f"{BUCKET}/attacked"):
        s3_server.put(f"{path}/secret.csv", f"a\n{ELSEWHERE}\n".encode())
    data_dir = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_server.environment.items():
            patch.setenv(name, value)
        with Ledger.open(data_dir / "truce.duckdb") as ledger:
            keeper = Keeper(LakeWriter(data_dir / "lake", data=DATA), ledger.cursor())
            Fold(ledger, [*revised(1_200)]).take(10**9)
            keeper.update()
            keeper.close()
        with connect(data_dir / "lake") as reader:
            listed = reader.sql("SELECT data_file FROM ducklake_list_files('lake', 'accepted')")
            [(file,), *_] = listed.fetchall()
        yield Attacked(data_dir / "lake", file, s3_server)


@pytest.mark.parametrize("kinds", ["checked", UNCHECKED])
def test_no_attack_reaches_or_changes_anything(
    kinds: str, attacked: Attacked, tmp_path: Path
) -> None:
    # Unchecked, what makes or drops a secret takes its own way to S3 from who says it.
    writing = [one for one in WRITING if kinds == "checked" or " SECRET " not in one]
    attacks = [*writing, *REACHING, "SELECT count(*), sum(length(payload)) > 0 FROM accepted"]
    if kinds == "checked":
        attacks[:0] = ACTING
    written = attacked.server.writes()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.lake.attacker",
            str(attacked.lake),
            str(tmp_path),
            "200MB",
            kinds,
        ],
        input="".join(json.dumps(attacked.filled(attack)) + "\n" for attack in attacks),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=120,
        check=False,
    )
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(outcomes) == len(attacks), done.stderr
    for attack, outcome in zip(attacks, outcomes, strict=True):
        for secret in (ELSEWHERE, SECRET, TOKEN):
            assert secret not in json.dumps(outcome), attack
    # Its own files it could read all the while.
    assert outcomes[-1] == {"answered": "[(1442, True)]"}
    assert attacked.server.writes() == written


CONNECTING = """
import socket, sys
from pathlib import Path
from analytics.lake.confined.confine import confine
allowed, other = map(int, sys.argv[1:])
confine([Path("/usr")], port=allowed or None)
for port in (allowed, other):
    try:
        socket.create_connection(("127.0.0.1", port or other), timeout=5).close()
        print("connected")
    except PermissionError:
        print("refused")
try:
    socket.create_server(("127.0.0.1", 0))
except PermissionError:
    print("refused")
"""


@pytest.mark.skipif(landlock_version() < 4, reason="this kernel restricts no TCP")
def test_one_port_can_be_connected_to_and_no_other() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        ports = [str(server.getsockname()[1]) for server in (one, two)]
        for allowed, said in (
            (ports[0], ["connected", "refused", "refused"]),
            ("0", ["refused", "refused", "refused"]),
        ):
            done = subprocess.run(
                [sys.executable, "-c", CONNECTING, allowed, ports[1]],
                capture_output=True,
                text=True,
                cwd=ROOT,
                check=True,
            )
            assert done.stdout.split() == said
