"""A real Apache Kafka behind TLS and SASL: who is let in, and what is said when one is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
import trustme
from cryptography.hazmat.primitives import serialization

from streams.kafka import topics
from tests.http.posting import EVENT, event, kept, new_token
from tests.kafka.apache_kafka import ApacheKafka, More, free_ports
from tests.kafka.real import ROOT, Worker, consume, declare
from tests.worker.running import within

SCENARIO = ROOT / "schemas" / "examples" / "energy-truce-2026.jsonl"
USER = "truce"
PASSWORD = "correct-horse-battery-staple"  # noqa: S105 - of a broker that lives for one test

PROPERTIES = """\
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
"""


class Secured(NamedTuple):
    """A broker with listeners for TLS with certificates and for TLS with passwords."""

    kafka: ApacheKafka
    folder: Path
    with_certificate: str
    with_password: str

    def settings(self, **changed: str) -> dict[str, str]:
        """What a user with a password sets."""
        return {
            "TRUCE_BROKER": f"kafka://{self.with_password}",
            "TRUCE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "TRUCE_KAFKA_CA_FILE": str(self.folder / "ca.pem"),
            "TRUCE_KAFKA_USERNAME": USER,
            "TRUCE_KAFKA_PASSWORD_FILE": str(self.folder / "password"),
            **changed,
        }


def written(path: Path, text: bytes) -> Path:
    """A file that only its user may read."""
    path.touch(0o600)
    path.write_bytes(text)
    return path


def key_and_chain(made: trustme.LeafCert) -> bytes:
    """In PEM; the key in PKCS #8, which is what Kafka reads."""
    key = serialization.load_pem_private_key(made.private_key_pem.bytes(), None)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + b"".join(one.bytes() for one in made.cert_chain_pems)


@pytest.fixture(scope="module")
def secured(can_have_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    written(folder / "server.pem", key_and_chain(authority.issue_cert("127.0.0.1")))
    written(folder / "client.pem", key_and_chain(authority.issue_cert("truce@desk.example")))
    written(folder / "password", PASSWORD.encode() + b"\n")
    with_certificate, with_password = (f"127.0.0.1:{port}" for port in free_ports(2))
    more = More(
        [f"SSL://{with_certificate}", f"SASL_SSL://{with_password}"],
        PROPERTIES.format(folder=folder, user=USER, password=PASSWORD),
        ["--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"],
    )
    with ApacheKafka(folder, more=more) as kafka:
        declare(kafka.bootstrap)
        yield Secured(kafka, folder, with_certificate, with_password)


def publish(data_dir: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    kept_back = {k: v for k, v in os.environ.items() if not k.startswith("TRUCE_")}
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", "publish", str(SCENARIO)],
        env=kept_back | {"TRUCE_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)} | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_worker_publish_and_post_work_with_tls_and_scram(secured: Secured, tmp_path: Path) -> None:
    token_file = new_token(tmp_path)
    settings = secured.settings(TRUCE_TOKEN_FILE=str(token_file), TRUCE_DEBUG="yes")
    worker = Worker(tmp_path / "data", "", settings)
    try:
        endpoint = worker.ready()
        before = len(consume(secured.kafka.bootstrap, topics.EVENTS))
        done = publish(tmp_path / "publish", **secured.settings(TRUCE_DEBUG="yes"))
        assert done.returncode == 0, done.stderr
        answer = requests.post(
            f"{endpoint.http}/events",
            data=event("by-post"),
            headers={
                "Content-Type": EVENT,
                "Authorization": f"Bearer {token_file.read_text(encoding='ascii').strip()}",
            },
            timeout=30,
        )
        assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
        # With Kafka, 202 says that the broker has it; it is judged a moment later.
        records = len(consume(secured.kafka.bootstrap, topics.EVENTS))
        assert records >= before + 2
        worker.judges(records)
        assert worker.end()[0] == 0
    finally:
        worker.kill()
    assert "by-post" in kept(worker.data_dir)
    files = [path.read_bytes() for path in worker.data_dir.rglob("*") if path.is_file()]
    assert PASSWORD.encode() not in b"".join(files)
    assert PASSWORD not in worker.said + done.stdout + done.stderr


def test_a_certificate_lets_in_where_kafka_asks_for_one(secured: Secured, tmp_path: Path) -> None:
    settings = {
        "TRUCE_BROKER": f"kafka://{secured.with_certificate}",
        "TRUCE_KAFKA_SECURITY_PROTOCOL": "SSL",
        "TRUCE_KAFKA_CA_FILE": str(secured.folder / "ca.pem"),
        "TRUCE_KAFKA_CERT_FILE": str(secured.folder / "client.pem"),
    }
    done = publish(tmp_path, **settings)
    assert done.returncode == 0, done.stderr


def test_plain_works_within_tls(secured: Secured, tmp_path: Path) -> None:
    done = publish(tmp_path, **secured.settings(TRUCE_KAFKA_SASL_MECHANISM="PLAIN"))
    assert done.returncode == 0, done.stderr


def refusals(secured: Secured, folder: Path) -> dict[str, tuple[dict[str, str], str]]:
    wrong = written(folder / "wrong", b"not-the-password")
    return {
        "a wrong password": (
            secured.settings(TRUCE_KAFKA_PASSWORD_FILE=str(wrong)),
            f"does not let user '{USER}' in",
        ),
        "an unknown authority": (
            secured.settings(TRUCE_KAFKA_CA_FILE=""),
            "TRUCE_KAFKA_CA_FILE names the authority to trust",
        ),
    }


@pytest.mark.parametrize("name", ["a wrong password", "an unknown authority"])
def test_who_is_not_let_in_hears_why_at_once(secured: Secured, tmp_path: Path, name: str) -> None:
    settings, says = refusals(secured, tmp_path)[name]
    done = publish(tmp_path / "publish", **settings)
    worker = Worker(tmp_path / "data", "", settings)
    try:
        ended = worker.ended(seconds=30)
    finally:
        worker.kill()
    for code, said in ((done.returncode, done.stderr), ended):
        assert (code, said.count("\n")) == (3, 1), said
        assert said.startswith("truce: ")
        assert says in said
        assert "not-the-password" not in said


def test_a_post_is_not_taken_while_kafka_is_away(secured: Secured, tmp_path: Path) -> None:
    token_file = new_token(tmp_path)
    worker = Worker(tmp_path / "data", "", secured.settings(TRUCE_TOKEN_FILE=str(token_file)))
    token = token_file.read_text(encoding="ascii").strip()

    def post(name: str) -> int:
        headers = {"Content-Type": EVENT, "Authorization": f"Bearer {token}"}
        url = f"{worker.endpoint().http}/events"
        return requests.post(url, data=event(name), headers=headers, timeout=40).status_code

    try:
        worker.ready()
        secured.kafka.kill()
        began = time.monotonic()
        assert post("while-away") == 503
        assert time.monotonic() - began < 25
        secured.kafka.start()
        assert within(60, lambda: post("when-back") == 202)
    finally:
        worker.kill()
