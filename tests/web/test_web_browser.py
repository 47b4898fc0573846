"""The pages in a real browser: what is seen, what runs, and by whom they can be used."""

from __future__ import annotations

import os
import time
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.cli.commands import ROOT
from tests.http.posting import Posting
from tests.web.conftest import MOST_MS, Opened
from tests.web.served import CONFLICT, MARKUP, asked, event, folded, many, pages, scenario

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SCENARIO = "russia-ukraine"
BARRAGE = f"/incidents/{SCENARIO}/2026-02-03-barrage"
COMMITMENT = f"/commitments/{SCENARIO}/energy-truce-2026"
DESKTOP = {"width": 1360, "height": 900}
PHONE = {"width": 390, "height": 844}
# On the screen, in pixels from its top: what a reader looks at.
WHERE_IT_STANDS = "document.activeElement.getBoundingClientRect().top"


def incident_rows(page: Page) -> dict[str, str]:
    """Incident -> verdict, as the table shows them."""
    rows = page.locator("table.incidents tbody tr").all()
    return {
        row.locator("th").inner_text().strip(): row.locator("td").first.inner_text().strip()
        for row in rows
    }


def test_what_is_seen_is_what_sql_says(browser: Browser, site: str, data_dir: Path) -> None:
    with Opened(browser, viewport=DESKTOP) as page:
        page.goto(f"{site}/?conflict={SCENARIO}")
        rows = asked(
            data_dir, "SELECT incident_id, verdict FROM verdicts WHERE conflict = 'russia-ukraine'"
        )
        assert incident_rows(page) == {one["incident_id"]: one["verdict"] for one in rows}
        page.locator("#days-table-energy-truce-2026 summary").click()
        days = page.locator("#days-table-energy-truce-2026 tbody tr").all_inner_texts()
        expected = asked(
            data_dir,
            "SELECT day::DATE AS day, party, lower, upper, unattributed, watched "
            "FROM compliance_daily WHERE conflict = 'russia-ukraine' AND claim_id IS NULL "
            "ORDER BY day, party",
        )
        assert [day.split() for day in days] == [
            [
                *(str(one[name]) for name in ("day", "party", "lower", "upper", "unattributed")),
                *(["not", "said"] if one["watched"] is None else [f"{one['watched']:.0%}"]),
            ]
            for one in expected
        ]


def test_the_days_are_the_same_wherever_the_reader_is(
    browser: Browser, data_dir: Path, site: str
) -> None:
    """Neither the browser's zone nor the server's moves anything; only a chosen one does."""

    def texts(address: str, zone: str) -> list[str]:
        with Opened(browser, timezone_id=zone) as page:
            page.goto(f"{address}/?conflict={SCENARIO}")
            names = ("timeline", "incidents", "days-energy-truce-2026", "kept")
            return [page.locator(f"#{name}").inner_text() for name in names]

    here = texts(site, "America/New_York")
    assert here == texts(site, "Asia/Tokyo")
    with pages(data_dir, TZ="America/New_York") as elsewhere:
        assert texts(elsewhere, "UTC") == here
    with Opened(browser) as page:
        page.goto(f"{site}/?conflict={SCENARIO}&zone=Europe/Kyiv")
        assert "2026-02-02 18:00 2026-02-02 16:00 UTC" in page.locator(
            "#incidents"
        ).inner_text().replace("\xa0", " ")


def test_markup_in_every_text_runs_nothing(browser: Browser, site: str) -> None:
    conflict = quote(CONFLICT, safe="")
    for path in (
        f"/?conflict={conflict}",
        f"/incidents/{conflict}/{quote(f'i/{MARKUP}', safe='')}",
        f"/commitments/{conflict}/{quote(f'c {MARKUP}', safe='')}",
        f"/?conflict={conflict}&party={quote(MARKUP)}",
        f"/new?kind=report&conflict={conflict}",
    ):
        with Opened(browser) as page:
            page.goto(site + path)
            assert MARKUP[2:20] in page.locator("body").inner_html().replace("&lt;", "<")
            assert page.evaluate("window.broken") is None
            assert page.locator("img").count() == 0


def serious(page: Page) -> list[str]:
    """What axe-core finds that keeps people out."""
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    # Run by the driver beside the page: its policy would not let it in.
    page.evaluate(script)
    found = page.evaluate("axe.run()")
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/?conflict=russia-ukraine", BARRAGE, COMMITMENT, "/new?kind=report"]
)
def test_nothing_keeps_anybody_out(browser: Browser, site: str, path: str, scheme: str) -> None:
    for size in (DESKTOP, {"width": 360, "height": 740}, {"width": 2560, "height": 1400}):
        with Opened(browser, viewport=size, color_scheme=scheme, bypass_csp=True) as page:
            page.goto(site + path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
            assert serious(page) == [], size


@pytest.mark.parametrize("path", [BARRAGE, COMMITMENT])
def test_on_a_phone_no_name_is_broken_letter_by_letter(
    browser: Browser, site: str, path: str
) -> None:
    with Opened(browser, viewport={"width": 360, "height": 740}) as page:
        page.goto(site + path)
        lines = page.evaluate(
            "Math.max(...[...document.querySelectorAll('tbody th')]"
            ".map(th => th.clientHeight / parseFloat(getComputedStyle(th).lineHeight)))"
        )
        assert lines < 8


def test_everything_can_be_reached_by_keyboard(browser: Browser, site: str) -> None:
    """The skip link, the timeline, the filter and an incident, without a mouse."""
    with Opened(browser, viewport=DESKTOP) as page:
        page.goto(f"{site}/?conflict={SCENARIO}")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('g.lane') !== null"):
                break
        page.keyboard.press("ArrowRight")
        href = page.evaluate("document.activeElement.href.baseVal")
        assert href.startswith("/incidents/")
        page.locator("#timeline .zoom a", has_text="Closer").focus()
        before = page.locator("#timeline .note").first.inner_text()
        page.keyboard.press("Enter")
        page.wait_for_function(
            "before => document.querySelector('#timeline .note').innerText !== before", arg=before
        )
        assert "from=" in page.url
        assert page.evaluate("document.activeElement.textContent") == "Closer"
        page.locator("input[value=contested]").focus()
        page.keyboard.press("Space")
        page.locator(".filter button").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**verdict=contested**")
        page.locator("table.incidents th a", has_text="barrage").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{BARRAGE}*")
        page.locator("details summary").first.focus()
        page.keyboard.press("Enter")


def test_texts_and_tables_need_no_script(browser: Browser, site: str) -> None:
    with Opened(browser, java_script_enabled=False) as page:
        page.goto(f"{site}/?conflict={SCENARIO}")
        assert len(incident_rows(page)) == 4
        page.locator("#timeline .zoom a", has_text="Closer").click()
        page.wait_for_url("**from=**")
        page.goto(f"{site}/new?conflict={SCENARIO}")
        assert page.locator("[hidden]").count() == 2
        assert not any(one.is_visible() for one in page.locator("[hidden]").all())


IS_IN_TABLE = (
    "(name) => document.querySelector('table.incidents')?.textContent.includes(name) ?? false"
)


def test_what_is_published_is_seen_without_reloading(
    browser: Browser, live: tuple[Posting, str]
) -> None:
    worker, site = live
    with Opened(browser, viewport=DESKTOP) as page:
        page.goto(site)
        page.locator("#timeline-table summary").click()
        page.locator("select[name=sort]").focus()
        time.sleep(1)
        stood = page.evaluate(WHERE_IT_STANDS)
        report = {
            "conflict": SCENARIO,
            "report_id": "desk",
            "reported_by": {"name": "Desk", "kind": "monitor"},
            "occurred": {"start": "2026-02-01T12:00:00Z"},
            "actor": {"party": "RUS", "confidence": "confirmed"},
            "act": "strike",
            "targets": ["power_grid"],
            "places": ["UA-63"],
        }
        # By the first of them everything is read that pages read when they start.
        for name in ("live-1", "live-2", "live-3"):
            began = time.monotonic()
            posted = worker.post(
                event("incident.reported", name, incident_id=name, **report).encode()
            )
            assert posted.status_code == 202
            # At each frame: a locator looks twice a second.
            page.wait_for_function(IS_IN_TABLE, arg=name)
            print(f"{name}: seen {time.monotonic() - began:.2f} s after it was posted")
        # Nothing jumps, closes or loses the focus.
        assert page.evaluate("document.activeElement.name") == "sort"
        assert page.evaluate("document.getElementById('timeline-table').open")
        assert abs(page.evaluate(WHERE_IT_STANDS) - stood) < 50


def test_a_place_is_pointed_at_or_found_by_name_in_any_script(browser: Browser, site: str) -> None:
    with Opened(browser, viewport=DESKTOP) as page:
        # Outlines come once they are read.
        until = time.monotonic() + MOST_MS / 1000
        while page.goto(f"{site}/new?kind=report&conflict={SCENARIO}"):
            if page.locator("#place-map").count():
                break
            assert time.monotonic() < until
        for text, code in (("Харків", "UA-63"), ("خاركيف", "UA-63"), ("Kyïv", "UA-30")):
            page.locator("#place-query").fill(text)
            page.locator("#place-hits button", has_text=f"({code})").first.click()
        page.locator("#place-map summary").click()
        picture = page.locator("#place-map svg")
        picture.click()
        *codes, point = page.locator("#f-places").input_value().splitlines()
        assert codes == ["UA-63", "UA-63", "UA-30"]
        lat, lon, km = map(float, point.split(","))
        # The middle of the picture is that of the map.
        near, west, north = (
            float(picture.get_attribute(name) or "nan")
            for name in ("data-scale", "data-west", "data-north")
        )
        assert lat < north
        assert lon > west
        assert 44 < lat < 53, point
        assert 22 < lon < 41, point
        assert 1 <= km < 1000 / near * 3


def test_fifty_thousand_incidents_load_and_scroll(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    count = int(os.environ.get("TRUCE_WEB_INCIDENTS", "50000"))
    folder = tmp_path_factory.mktemp("many") / "data"
    with pages(folded(folder, [*scenario(), *many(count)])) as site:
        with Opened(browser, viewport=DESKTOP) as page:
            page.goto(f"{site}/?conflict={SCENARIO}")
        with Opened(browser, viewport=DESKTOP) as page:
            began = time.monotonic()
            answer = page.goto(f"{site}/?conflict={SCENARIO}")
            took = time.monotonic() - began
            assert answer is not None
            size = len(answer.body())
            print(f"{count:,} incidents: loaded in {took:.2f} s, {size:,} bytes")
            assert size < 5_000_000
            assert took < 20
            page.mouse.wheel(0, 20_000)
            page.locator("a[rel=next]").click()
            page.wait_for_url("**page=2**")
            assert len(incident_rows(page)) == 100
            page.locator("#timeline .bar").first.evaluate(
                "one => one.closest('a').dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))"
            )
            page.wait_for_url("**from=**")


def test_the_pictures_of_the_documentation(browser: Browser, live: tuple[Posting, str]) -> None:
    """Written to the folder that TRUCE_SCREENSHOTS names; `TRUCE_SCREENSHOTS=docs make browser` renews them."""
    folder = os.environ.get("TRUCE_SCREENSHOTS")
    _, site = live
    views: tuple[tuple[str, str, dict[str, int], str], ...] = (
        ("pages-desktop", "/", {"width": 1280, "height": 1060}, "light"),
        ("pages-phone", "/", PHONE, "light"),
        ("pages-dark", BARRAGE, {"width": 1280, "height": 900}, "dark"),
    )
    for name, path, size, scheme in views:
        options: dict[str, Any] = {"viewport": size, "color_scheme": scheme}
        with Opened(browser, **options) as page:
            page.goto(site + path)
            picture = page.screenshot()
            assert picture.startswith(b"\x89PNG")
            if folder:
                (ROOT / folder / f"{name}.png").write_bytes(picture)
