"""The report as one page: whole without a network, safe whatever a venue or a file calls things, readable anywhere."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import msgspec
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import sync_playwright

from trueup.audit.html import render_html
from trueup.audit.result import (
    AccountResult,
    AuditReport,
    CoverageLine,
    DiscrepancyLine,
    PositionLine,
    QueryLine,
    StatementLine,
    StatementResult,
    SumLine,
    WriterLine,
)

HOSTILE = "</td><script>alert('x')</script><img src=http://evil/ onerror=alert(1)>&\"'"
T = 1_773_740_052_000_000_000
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def report(word: str) -> AuditReport:
    account = AccountResult(
        name=word,
        exchange=word,
        state="DISCREPANT",
        trader_id=word,
        account_id=word,
        time_ns=T,
        window_from_ns=T - 10**14,
        window_to_ns=T,
        expected_from_ns=T - 10**13,
        node_last_event_ns=T,
        looks=2,
        secs=1.5,
        coverage=(
            CoverageLine(side="venue", kind="FILLS", state="failed", asked_from_ns=0, asked_to_ns=T, failures=(word,)),
            CoverageLine(
                side="node",
                kind="FILLS",
                state="partial",
                asked_from_ns=0,
                asked_to_ns=T,
                got_from_ns=0,
                got_to_ns=T // 2,
            ),
            CoverageLine(side="node", kind="BALANCES", state="not_asked"),
        ),
        discrepancies=tuple(
            DiscrepancyLine(
                fingerprint=str(number),
                kind="FILL_MISSING",
                severity="CRITICAL",
                subject=word,
                line=word,
                instrument_id=f"{word}{number % 3}",
                venue=word,
                node=None,
                change=word,
                time_ns=T - number * 10**12,
            )
            for number in range(7)
        ),
        discrepancies_total=9,
        discrepancies_by_kind={"FILL_MISSING": 7, word: 2},
        pending=(word,),
        pending_total=4,
        unknowns=(word,),
        notes=(word,),
        writers=(WriterLine(who=word, certain=False, line=word, examples=(word,)),),
        positions=(PositionLine(instrument_id=word, leg="BOTH", venue=None, node="1", agrees=False),),
        queries=(QueryLine(query=word, count=3, failures=1, p50_ms=12.0, last_error=word),),
        statement=StatementResult(
            file=word,
            state="UNKNOWN",
            rows=2,
            trades=1,
            from_ns=T,
            to_ns=T,
            columns=(word,),
            findings=(StatementLine(finding="bad_row", line=word, row=3),),
            findings_hidden=1,
            sums=(SumLine(symbol=word, what=word, currency=word, statement="1", venue="2", node=None, agrees=False),),
            notes=(word,),
        ),
    )
    clean = AccountResult(name="quiet", exchange="binanceusdm", state="CLEAN")
    return AuditReport(file=word, state="DISCREPANT", exit_code=1, started_ns=T, ended_ns=T, accounts=(account, clean))


class Page(HTMLParser):
    """Collect what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, list[str]] = {}
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_nothing_that_was_read_becomes_markup() -> None:
    page = Page()
    page.feed(render_html(report(HOSTILE)))
    assert not page.tags & {"script", "img", "iframe", "object", "link", "form"}
    assert not [name for name in page.attributes if name.startswith("on") or name == "src"]
    assert all(target.startswith("#") for target in page.attributes["href"])
    assert HOSTILE in page.text
    assert "default-src 'none'" in "".join(page.attributes["content"])


def test_two_renderings_of_one_report_are_the_same_text() -> None:
    assert render_html(report("x")) == render_html(
        msgspec.json.decode(msgspec.json.encode(report("x")), type=AuditReport)
    )


def test_a_browser_shows_it_offline_on_a_telephone_in_light_and_dark_without_a_complaint(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_html(report("BTCUSDT-PERP.BINANCE")), encoding="utf-8")
    said: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = browser.new_page(viewport={"width": 375, "height": 800})
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: said.append(request.url) if "file:" not in request.url else None)
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        assert page.locator("svg circle").count() == 7
        assert page.locator("svg[role=img]").count() >= 4
        assert said == []
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page)
            assert [one["id"] for one in found.response["violations"]] == [], found.generate_report()
        browser.close()
