from __future__ import annotations

import re
from pathlib import Path

import pytest

from streams.settings import SETTINGS, Address, KafkaSecurity, Settings, SettingsError
from streams.settings_reader import load


def test_nothing_set_means_the_documented_defaults() -> None:
    assert load({}) == Settings()
    assert {s.name: s.default for s in SETTINGS if s.default} == {
        "TRUCE_DATA_DIR": "truce-data",
        "TRUCE_HTTP": "127.0.0.1:6066",
        "TRUCE_WEB": "127.0.0.1:6067",
        "TRUCE_POSTS_PER_SECOND": "200",
        "TRUCE_GROUP": "trucewatch",
        "TRUCE_PARTITIONS": "4",
        "TRUCE_REPLICATION": "1",
        "TRUCE_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
        "TRUCE_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "TRUCE_MEMORY": "400MB",
        "TRUCE_SPILL": "4GB",
        "TRUCE_MAX_BATCH": "10000",
        "TRUCE_METRICS_SERIES": "20000",
        "TRUCE_NOTIFY_LEVEL": "violation",
        "TRUCE_NOTIFY_RATE": "20",
        "TRUCE_QUERY_SECONDS": "60",
        "TRUCE_NOTIFY_WITHIN": "24h",
        "TRUCE_DEBUG": "no",
    }


def test_options_come_before_the_environment() -> None:
    environ = {"TRUCE_DATA_DIR": "there", "TRUCE_PARTITIONS": "8"}
    settings = load(environ, {"TRUCE_DATA_DIR": "here", "TRUCE_PARTITIONS": None})
    assert settings.data_dir == Path("here")
    assert settings.partitions == 8


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert load({"TRUCE_BROKER": "", "TRUCE_HTTP": ""}) == Settings()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("kafka://one:9093", (Address("one", 9093),)),
        ("kafka://one,two:9093", (Address("one", 9092), Address("two", 9093))),
        ("kafka://[::1]:9094/", (Address("::1", 9094),)),
    ],
)
def test_a_broker_is_a_list_of_addresses(url: str, expected: tuple[Address, ...]) -> None:
    assert load({"TRUCE_BROKER": url}).broker == expected


@pytest.mark.parametrize(
    "url",
    [
        "one:9092",
        "http://one:9092",
        "kafka://",
        "kafka://one,,two",
        "kafka://one:port",
        "kafka://one:99999",
        "kafka://one:0",
        "kafka://user:password@one:9092",
        "kafka://one:9092/topic",
        "kafka://o ne",
    ],
)
def test_a_broker_that_is_none_is_refused_by_name(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load({"TRUCE_BROKER": url})
    assert raised.value.problems == (
        f"TRUCE_BROKER={url!r}: expected kafka://HOST:PORT[,HOST:PORT...]",
    )


def test_every_problem_is_reported_and_each_by_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    bad = {
        "TRUCE_BROKER": "nonsense",
        "TRUCE_DATA_DIR": str(file),
        "TRUCE_HTTP": "6066",
        "TRUCE_HTTP_HOSTS": "worker:6066",
        "TRUCE_GROUP": "a group",
        "TRUCE_PARTITIONS": "0",
        "TRUCE_REPLICATION": "-1",
        "TRUCE_MEMORY": "much",
        "TRUCE_MAX_BATCH": "1e3",
        "TRUCE_ALERTMANAGER": "alertmanager:9093",
        "TRUCE_WEBHOOK": "https://user:password@hook",
        "TRUCE_NOTIFY_PROXY": "proxy:3128",
        "TRUCE_NOTIFY_LEVEL": "clear",
        "TRUCE_NOTIFY_WITHIN": "1 day",
        "TRUCE_DEBUG": "perhaps",
    }
    with pytest.raises(SettingsError) as raised:
        load(bad)
    assert [re.split("[=:]", p)[0] for p in raised.value.problems] == list(bad)


def test_a_setting_that_does_not_exist_is_no_option() -> None:
    with pytest.raises(SettingsError, match="TRUCE_BROKERS: there is no such setting"):
        load({}, {"TRUCE_BROKERS": "kafka://one"})


def test_an_address_is_written_as_it_is_read() -> None:
    assert str(Address("::1", 80)) == "[::1]:80"
    assert load({"TRUCE_HTTP": "[::1]:80"}).http == Address("::1", 80)


def test_the_names_of_the_worker_are_a_list() -> None:
    assert load({"TRUCE_HTTP_HOSTS": "Worker, truce.example ,"}).http_hosts == (
        "worker",
        "truce.example",
    )


@pytest.mark.parametrize("names", ["*", "a b", "http://worker", "worker/", "[::1]", "wörker"])
def test_what_cannot_be_the_name_of_a_host_is_refused(names: str) -> None:
    with pytest.raises(SettingsError, match="TRUCE_HTTP_HOSTS"):
        load({"TRUCE_HTTP_HOSTS": names})


def test_tokens_are_kept_in_the_data_directory_unless_it_is_said_where() -> None:
    assert load({"TRUCE_DATA_DIR": "there"}).tokens_file == Path("there/tokens.json")
    assert load({"TRUCE_TOKENS": "here.json"}).tokens_file == Path("here.json")


def test_a_webhook_that_is_no_address_is_not_repeated_since_it_may_hold_a_secret() -> None:
    with pytest.raises(SettingsError) as raised:
        load({"TRUCE_WEBHOOK": "hook.example/s3cret"})
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "given",
    [
        "postgres:host=h dbname=d password=s3cret",
        "postgres:host=h dbname=d PASSWORD=s3cret",
        "postgres:host=h dbname=d sslpassword=s3cret",
        "postgres:host=h password='s3cret and more'",
        "postgres:host='h password=s3cret'",
        "postgres:host=h\\ password=s3cret",
        "postgres:host=h&password=s3cret",
        "postgres:dbname=postgresql://u:s3cret@h/db",
        "postgres:postgresql://u:s3cret@h/db?sslmode=require",
        "postgres://u:s3cret@h/db?sslmode=require",
        "postgresql://u:s3cret@h/db",
        "host=h dbname=d password=s3cret",
    ],
)
def test_a_password_of_postgresql_is_refused_however_it_is_written(given: str) -> None:
    with pytest.raises(SettingsError, match="TRUCE_LAKE_CATALOG") as refused:
        load({"TRUCE_LAKE_CATALOG": given})
    assert "s3cret" not in str(refused.value)


def test_where_postgresql_is_and_how_it_is_known_is_a_setting() -> None:
    given = "host=/run/pg,h port=5433 dbname=d user=u@tenant sslmode=verify-full passfile=/etc/p"
    assert load({"TRUCE_LAKE_CATALOG": f"postgres:{given}"}).lake_catalog == given


@pytest.mark.parametrize(
    "given",
    [
        "s3://bucket",
        "s3://bucket/",
        "s3://key:s3cret@bucket/lake",
        "s3://bucket/lake?s3_secret_access_key=s3cret",
        "s3://bucket/../other",
        "s3://bucket/lake/./x",
        "s3://bucket/lake/*",
        "S3://bucket/lake",
        "https://bucket.example/lake",
        "/mnt/lake",
    ],
)
def test_a_place_on_s3_is_a_bucket_and_a_prefix_and_nothing_else(given: str) -> None:
    with pytest.raises(SettingsError, match="TRUCE_LAKE_DATA") as refused:
        load({"TRUCE_LAKE_DATA": given})
    assert "s3cret" not in str(refused.value)


def test_a_place_on_s3_has_no_slash_at_its_end() -> None:
    assert (
        load({"TRUCE_LAKE_DATA": "s3://my.bucket-1/a/b=c/"}).lake_data == "s3://my.bucket-1/a/b=c"
    )
    assert load({}).lake_data == ""


@pytest.mark.parametrize(
    ("span", "seconds"), [("90s", 90), ("5m", 300), ("24h", 86_400), ("7d", 604_800)]
)
def test_a_span_is_a_number_and_a_unit(span: str, seconds: int) -> None:
    assert load({"TRUCE_NOTIFY_WITHIN": span}).notify_within == seconds


BROKER = {"TRUCE_BROKER": "kafka://one:9093"}
SECURED = BROKER | {
    "TRUCE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "TRUCE_KAFKA_CA_FILE": "ca.pem",
    "TRUCE_KAFKA_USERNAME": "truce",
    "TRUCE_KAFKA_PASSWORD_FILE": "password",
}


def test_how_to_get_into_kafka() -> None:
    kafka = load(SECURED).kafka
    assert kafka == KafkaSecurity(
        "SASL_SSL",
        ca_file=Path("ca.pem"),
        username="truce",
        password_file=Path("password"),
    )
    assert (kafka.encrypted, kafka.authenticated) == (True, True)


# fmt: off
NOT_MEANT = (
    (SECURED | {"TRUCE_KAFKA_SECURITY_PROTOCOL": "TLS"}, "TRUCE_KAFKA_SECURITY_PROTOCOL"),
    (SECURED | {"TRUCE_KAFKA_SASL_MECHANISM": "GSSAPI"}, "TRUCE_KAFKA_SASL_MECHANISM"),
    (SECURED | {"TRUCE_KAFKA_USERNAME": ""}, "TRUCE_KAFKA_USERNAME"),
    (SECURED | {"TRUCE_KAFKA_PASSWORD_FILE": ""}, "TRUCE_KAFKA_PASSWORD_FILE"),
    (SECURED | {"TRUCE_KAFKA_KEY_FILE": "key.pem"}, "TRUCE_KAFKA_CERT_FILE"),
    # What is set and would not be used.
    (SECURED | {"TRUCE_BROKER": ""}, "TRUCE_KAFKA_SECURITY_PROTOCOL"),
    (SECURED | {"TRUCE_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "TRUCE_KAFKA_CA_FILE"),
    (SECURED | {"TRUCE_KAFKA_SECURITY_PROTOCOL": "SSL"}, "TRUCE_KAFKA_USERNAME"),
    (SECURED | {"TRUCE_KAFKA_SECURITY_PROTOCOL": ""}, "TRUCE_KAFKA_PASSWORD_FILE"),
)
# fmt: on


@pytest.mark.parametrize(("environ", "name"), NOT_MEANT)
def test_a_connection_less_safe_than_was_meant_is_refused(
    environ: dict[str, str], name: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(environ)
    assert any(problem.startswith(name) for problem in refused.value.problems)


def test_a_worker_has_a_name_only_among_those_that_share_a_log() -> None:
    assert (
        load({"TRUCE_WORKER": "kyiv-1", "TRUCE_BROKER": "kafka://broker:9092"}).worker == "kyiv-1"
    )
    with pytest.raises(SettingsError, match=r"TRUCE_WORKER=.*TRUCE_BROKER"):
        load({"TRUCE_WORKER": "kyiv-1"})
    for name in ("Kyiv", "a_b", "a--b", "-a", "x" * 41):
        with pytest.raises(SettingsError, match=r"TRUCE_WORKER=.*small letters"):
            load({"TRUCE_WORKER": name, "TRUCE_BROKER": "kafka://broker:9092"})
