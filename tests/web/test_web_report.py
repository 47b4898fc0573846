"""The report: one page with everything in it, or its pictures."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from analytics.report.texts import languages, texts
from tests.cli.commands import truce
from tests.web.served import CONFLICT, asked

SCENARIO = "russia-ukraine"


def test_a_report_needs_nothing_but_itself(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "truce.html"
    done = truce(
        "report",
        file,
        "--conflict",
        SCENARIO,
        "--zone",
        "Europe/Kyiv",
        "--lang",
        "uk",
        data_dir=data_dir,
    )
    assert done.returncode == 0, done.stderr
    page = file.read_text(encoding="utf-8")
    assert re.search(r"<(script|img|link|iframe)|\ssrc=|\sstyle=|@import|url\(http", page) is None
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.replace("&#39;", "'")
    rows = asked(data_dir, "SELECT incident_id FROM verdicts WHERE conflict = 'russia-ukraine'")
    assert all(row["incident_id"] in page for row in rows)
    assert "SELECT" in page, "the query behind each number"
    assert "порушення" in page
    assert "2026-02-02 18:00" in page


def test_markup_in_a_report_is_text(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "truce.html"
    assert truce("report", file, "--conflict", CONFLICT, data_dir=data_dir).returncode == 0
    page = file.read_text(encoding="utf-8")
    assert "<img" not in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("name", "begins"), [("t.svg", b"<svg"), ("t.png", b"\x89PNG"), ("t.pdf", b"%PDF")]
)
def test_a_report_is_its_pictures(data_dir: Path, tmp_path: Path, name: str, begins: bytes) -> None:
    file = tmp_path / name
    done = truce("report", file, "--conflict", SCENARIO, data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    assert file.read_bytes().startswith(begins)


def test_what_cannot_be_reported_is_said_in_a_line(data_dir: Path, tmp_path: Path) -> None:
    for args, said in (
        ((tmp_path / "t.docx", "--conflict", SCENARIO), ".html"),
        ((tmp_path / "t.html",), "--conflict"),
        ((tmp_path / "t.html", "--conflict", "nowhere"), "nowhere"),
        ((tmp_path / "t.html", "--conflict", SCENARIO, "--commitment", "none"), "none"),
        ((tmp_path / "t.html", "--conflict", SCENARIO, "--zone", "No/Where"), "Europe/Kyiv"),
        ((tmp_path / "no" / "t.html", "--conflict", SCENARIO), "cannot be written"),
    ):
        done = truce("report", *args, data_dir=data_dir)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert said in done.stderr


def test_every_language_has_the_same_words() -> None:
    assert {"en", "uk"} <= set(languages())
    assert all(texts(one).keys() == texts("en").keys() for one in languages())
