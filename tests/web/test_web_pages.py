"""What the pages answer, without a browser."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import socket
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from tests.cli.commands import truce
from tests.web.served import CONFLICT, MARKUP, asked, event, folded, pages

SCENARIO = "russia-ukraine"
BARRAGE = f"/incidents/{SCENARIO}/2026-02-03-barrage"


class Tags(HTMLParser):
    """What of a page would be script or style in the page itself."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.inline.append(tag)
        self.inline += [name for name in names if name == "style" or name.startswith("on")]


def get(address: str, **headers: str) -> requests.Response:
    return requests.get(address, headers=headers, timeout=60)


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def test_every_answer_forbids_what_a_page_must_not_do(site: str) -> None:
    for path in ("/", BARRAGE, "/static/trucewatch.js", "/nowhere", "/?zone=No/Where"):
        policy = get(site + path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    seen = Tags()
    seen.feed(get(f"{site}/?conflict={SCENARIO}").text)
    assert seen.inline == []


def test_another_host_is_refused_and_another_site_cannot_post(site: str) -> None:
    assert get(f"{site}/", Host="evil.example").status_code == 421
    assert get(f"{site}/", Host="localhost:6067").status_code == 200
    posted = requests.post(
        f"{site}/new/report", headers={"Sec-Fetch-Site": "cross-site"}, timeout=60
    )
    assert posted.status_code == 403
    posted = requests.post(f"{site}/", headers={"Origin": "https://evil.example"}, timeout=60)
    assert posted.status_code == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("zone=No/Where", 400),
        ("verdict=maybe", 400),
        ("since=yesterday", 400),
        ("from=2026-02-01T00:00:00Z", 400),
        ("from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z", 400),
        ("page=0", 400),
        ("sort=random()", 400),
        ("conflict=nowhere", 404),
        ("since=2026-02-01&until=9999-12-31&party=%00", 400),
        ("since=0001-01-01&until=9999-12-31", 200),
        ("from=0001-01-02T00:00:00Z&to=9999-12-30T00:00:00Z&zone=Asia/Kathmandu", 200),
        ("from=0001-01-01&to=0001-01-02&zone=America/New_York", 200),
        ("from=0001-01-01&to=0300-01-01&zone=Asia/Tokyo", 200),
        ("from=9999-12-30&to=9999-12-31&zone=Pacific/Kiritimati", 200),
        ("page=99999", 200),
        ("party=%27;drop", 200),
    ],
)
def test_an_address_that_means_nothing_is_told_so(site: str, query: str, status: int) -> None:
    default = "" if "conflict" in query else f"conflict={SCENARIO}&"
    assert get(f"{site}/?{default}{query}").status_code == status


def test_every_number_of_the_table_is_that_of_sql(site: str, data_dir: Path) -> None:
    rows = asked(
        data_dir,
        "SELECT incident_id, verdict FROM verdicts WHERE conflict = 'russia-ukraine' ORDER BY all",
    )
    found = json.loads(get(f"{site}/incidents.json?conflict={SCENARIO}").text)
    assert sorted((one["incident_id"], one["verdict"]) for one in found) == [
        (row["incident_id"], row["verdict"]) for row in rows
    ]
    page = text_of(get(f"{site}/?conflict={SCENARIO}").text)
    [there] = asked(
        data_dir,
        "SELECT count(DISTINCT incident_id) AS incidents, count(*) AS reports FROM reports "
        "WHERE conflict = 'russia-ukraine'",
    )
    assert f"{there['incidents']} incidents by {there['reports']} reports of " in page
    for verdict in ("violation", "contested", "undetermined", "clear"):
        count = sum(row["verdict"] == verdict for row in rows)
        assert re.search(rf"\b{verdict} {count}\b", page), verdict
    kept = asked(
        data_dir,
        "SELECT party, violations_lower AS lower, violations_upper AS upper, unattributed "
        "FROM compliance WHERE conflict = 'russia-ukraine' AND claim_id IS NULL ORDER BY party",
    )
    for row in kept:
        low, high = row["lower"], row["upper"]
        both = str(low) if low == high else f"{low} to {high}"
        assert f"all together {row['party']} {both} {row['unattributed']} " in page


def test_a_filter_is_an_address_and_downloads_follow_it(site: str) -> None:
    query = f"conflict={SCENARIO}&verdict=contested&since=2026-02-01&commitment=energy-truce-2026"
    page = get(f"{site}/?{query}").text
    links = re.findall(r'href="(/incidents\.[a-z]+\?[^"]+)"', page)
    assert len(links) == 3
    texts = {link.partition("?")[0]: get(site + html.unescape(link)).text for link in links}
    [row] = list(csv.DictReader(io.StringIO(texts["/incidents.csv"])))
    [document] = json.loads(texts["/incidents.json"])
    [feature] = json.loads(texts["/incidents.geojson"])["features"]
    assert row["incident_id"] == document["incident_id"] == "2026-02-03-barrage"
    assert feature["properties"] == document
    points = get(f"{site}/incidents.geojson?conflict={quote(CONFLICT)}").json()["features"]
    assert points[0]["geometry"] == {"type": "Point", "coordinates": [30.52, 50.45]}


def test_an_incident_says_why_and_what_reports_disagree_on(site: str) -> None:
    page = text_of(get(f"{site}{BARRAGE}?zone=Europe/Kyiv").text)
    assert "Some claims that speak of RUS were violated, and some not" in page
    assert "weapons.missile.launched" in page
    assert "2026-02-02 18:00 Europe/Kyiv (16:00 UTC)" in page
    assert get(f"{site}/incidents/{SCENARIO}/no-such").status_code == 404
    claims = text_of(get(f"{site}/commitments/{SCENARIO}/energy-truce-2026?claim=E26-5").text)
    assert "denies that it binds UKR" in claims
    assert get(f"{site}/commitments/{SCENARIO}/no-such").status_code == 404


def test_text_of_others_stays_text(site: str) -> None:
    incident = f"/incidents/{quote(CONFLICT, safe='')}/{quote(f'i/{MARKUP}', safe='')}"
    commitment = f"/commitments/{quote(CONFLICT, safe='')}/{quote(f'c {MARKUP}', safe='')}"
    for path in (f"/?conflict={quote(CONFLICT)}", incident, commitment, f"/?party={quote(MARKUP)}"):
        page = get(site + path)
        assert page.status_code == 200, path
        assert "<img" not in page.text
        assert "<script>" not in page.text
        assert "\u202e" not in page.text
    # A spreadsheet takes no cell for a formula.
    text = get(f"{site}/incidents.csv?conflict={quote(CONFLICT)}").text
    assert all(
        not cell.startswith(("=", "+", "-", "@"))
        for row in csv.reader(io.StringIO(text))
        for cell in row
    )


def test_asking_changes_nothing(site: str, data_dir: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in data_dir.rglob("*") if path.is_file()}
    for path in ("/", BARRAGE, "/incidents.csv?conflict=russia-ukraine", "/new?kind=report"):
        get(site + path)
    assert {p: p.stat().st_mtime_ns for p in data_dir.rglob("*") if p.is_file()} == before


def test_a_change_is_announced_by_its_version(site: str) -> None:
    with requests.get(f"{site}/changes", stream=True, timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = (str(one) for one in answer.iter_lines(decode_unicode=True))
        assert next(lines).startswith("id: ")
        assert next(lines) == "event: version"


def test_an_address_that_is_taken_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = truce("web", "--web", f"127.0.0.1:{port}", data_dir=tmp_path / "none")
        assert ended.returncode == 3
        assert "TRUCE_WEB" in ended.stderr


def test_what_the_head_and_the_cards_have_no_room_for_is_counted_and_linked(
    tmp_path: Path,
) -> None:
    def claimed(number: int, conflict: str, commitment: str) -> str:
        return event(
            "commitment.claimed",
            f"many-{number}",
            conflict=conflict,
            commitment_id=commitment,
            claim_id="c",
            claimed_by={"name": "Mediator"},
            stance="asserts",
            bound_parties=["P"],
            prohibits={"acts": ["strike"]},
            window=[{"start": "2026-02-01T00:00:00Z", "end": "2026-02-10T00:00:00Z"}],
        )

    lines = [claimed(number, f"conflict-{number}", "truce") for number in range(14)]
    lines += [claimed(100 + number, "conflict-0", f"truce-{number}") for number in range(14)]
    with pages(folded(tmp_path / "data", lines)) as address:
        answer = get(f"{address}/?conflict=conflict-0")
    assert answer.status_code == 200
    assert "<summary>2 more</summary>" in answer.text
    assert "<summary>3 more truces, those in force first</summary>" in answer.text
    assert "are of 12 of 15 commitments" in answer.text
    for number in range(14):
        assert re.search(rf"conflict=conflict-{number}\b", answer.text)
        assert f"/commitments/conflict-0/truce-{number}" in answer.text
