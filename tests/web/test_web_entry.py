"""The forms over a worker: what they say before anything is sent, and what becomes of it."""

from __future__ import annotations

import html
import re

import pytest
import requests

from tests.cli.commands import rows as lake_rows
from tests.http.posting import Posting

TYPED = {
    "kind": "report",
    "conflict": "russia-ukraine",
    "source": "https://desk.example/form",
    "incident_id": "2026-02-03-form",
    "report_id": "desk",
    "by": "Our desk",
    "speaker": "monitor",
    "when": "at",
    "start": "2026-02-03T20:00",
    "times_in": "Europe/Kyiv",
    "actor": "RUS",
    "confidence": "confirmed",
    "act": "drone_strike",
    "targets": "substation",
    "places": "UA-63",
}


def posted(site: str, wants: str, **typed: str) -> str:
    answer = requests.post(f"{site}/new", data={**TYPED, **typed, "do": wants}, timeout=60)
    assert answer.status_code == 200
    text = re.sub(r"<datalist.*?</datalist>", "", answer.text, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", text))


def told(page: str) -> str:
    preview = page.partition('<aside id="preview"')[2].partition("</aside>")[0]
    return re.sub(r" +", " ", re.sub(r"<[^>]+>", " ", preview))


def test_a_form_says_the_verdict_before_it_is_sent_and_sends_nothing(
    live: tuple[Posting, str],
) -> None:
    worker, site = live
    said = told(posted(site, "preview"))
    assert "energy-truce-2026: contested (by RUS)" in said
    assert re.search(r"It may be one of these .* 2026-02-03-barrage \d+% ", said), said
    assert "times overlap" in said
    assert '"start": "2026-02-03T20:00:00+02:00"' in said
    assert (
        requests.get(f"{site}/incidents/russia-ukraine/2026-02-03-form", timeout=60).status_code
        == 404
    )
    assert "incident id : required" in told(posted(site, "preview", incident_id=""))
    assert "Is that right?" in told(posted(site, "preview", actor="Russia"))
    gone = told(
        posted(
            site,
            "preview",
            kind="report_retraction",
            incident_id="2026-02-03-barrage",
            report_id="air-force",
        )
    )
    assert "verdict" in gone
    assert worker.process.poll() is None


@pytest.mark.parametrize("token", ["", "wrong", "wr\nong"])
def test_a_wrong_token_loses_nothing_that_was_typed(live: tuple[Posting, str], token: str) -> None:
    _, site = live
    page = posted(site, "send", token=token)
    assert "token" in told(page)
    for name in ("incident_id", "report_id", "by", "start", "places"):
        assert TYPED[name] in page.partition("<aside")[0], name
    if token:
        assert f'value="{token}"' not in page


def test_what_is_sent_is_in_the_log(live: tuple[Posting, str]) -> None:
    worker, site = live
    said = told(posted(site, "send", token=worker.token, incident_id="2026-02-03-sent"))
    assert "The log has it." in said
    assert "verdicts changed" in said
    [row] = lake_rows(
        'SELECT log_id, partition, "offset" FROM events ORDER BY recorded_at DESC LIMIT 1',
        worker.data_dir,
    )
    assert "{} , partition {}, offset {}".format(*row) in said, said
    again = told(posted(site, "send", token=worker.token, incident_id="2026-02-03-sent", by=""))
    assert "required" in again


def test_a_place_is_found_by_its_name(live: tuple[Posting, str]) -> None:
    _, site = live
    found = requests.get(f"{site}/places", params={"q": "kharkiv"}, timeout=60).json()
    assert "UA-63" in [one["code"] for one in found]
    assert requests.get(f"{site}/places", params={"q": "x"}, timeout=60).json() == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"\xff\xfe=1&kind=report"),
        ("application/x-www-form-urlencoded; charset=no-such", b"kind=report"),
        ("multipart/form-data", b"kind=report"),
        ("multipart/form-data; boundary=x", b"--x"),
    ],
)
def test_what_is_no_form_is_refused_as_such(site: str, kind: str, body: bytes) -> None:
    answer = requests.post(f"{site}/new", data=body, headers={"Content-Type": kind}, timeout=60)
    assert answer.status_code == 400
    assert "no form that can be read" in answer.text
