"""The status page in a real browser: what it shows, that it keeps up, and that nothing shown can harm it."""

from __future__ import annotations

import random
import re
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from tests.integration.monitor.endpoint.page.conftest import TELEPHONE, Desk
from tests.unit.monitor.endpoint import statuses
from trueup.monitor.endpoint import judge
from trueup.monitor.endpoint.words import span
from trueup.monitor.status import CycleStatus, GuardStatus, LoopStatus, NodeStatus

HEADINGS = {"CLEAN": "True to the venue", "DISCREPANT": "Not true to the venue", "UNKNOWN": "Not known"}
TOKEN = "planted-token-0123456789"


def width_of(page: Page) -> int:
    """Return how wide the content is."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def refresh(page: Page) -> None:
    """Let the page ask now instead of within two seconds."""
    page.evaluate("window.dispatchEvent(new Event('online'))")


def headline(page: Page) -> Any:
    """Return the answer."""
    return page.locator("#answer-heading")


def rows(page: Page, section: str) -> Any:
    """Return the rows of a section's table."""
    return page.locator(f"#{section} tbody tr")


def test_every_state_has_its_answer_fits_a_telephone_and_a_desk_and_logs_nothing(desk: Desk) -> None:
    telling = {name: (judge(make()).reasons or ("found equal",))[0][1:] for name, make in statuses.ALL.items()}
    wide, narrow = desk.open(), desk.open(viewport=TELEPHONE, color_scheme="dark")
    for name, make in statuses.ALL.items():
        desk.show(make)
        verdict = judge(make()).verdict
        for page, width in ((wide, 1360), (narrow, 375)):
            refresh(page)
            expect(headline(page)).to_have_text(HEADINGS[verdict])
            expect(page.locator("#answer")).to_contain_text(telling[name])
            assert width_of(page) <= width, (name, width)
            assert page.title().startswith({"CLEAN": "True", "DISCREPANT": "NOT TRUE", "UNKNOWN": "Not known"}[verdict])
    assert desk.complaints == []


def test_what_the_node_says_is_all_there_with_units_and_in_utc(desk: Desk) -> None:
    desk.show(statuses.discrepant)
    page = desk.open(timezone_id="Asia/Tokyo")
    text = re.sub(r"\s+", " ", page.locator("body").inner_text())
    for words in (
        "TRADER-001",
        "LIVE",
        "verified",
        "node and venue differ: 5 discrepancies".capitalize(),
        "MONITORING for 3 h 11 min",
        "REDUCING",
        "a critical discrepancy is older than 30 s (policy)",
        "2 in flight, oldest",
        "1.90 ms longest 14.2 ms",
        "PRESENT ping 0.21 ms",
        "1,284 records",
        "Stale after 2 min",
        "90 checks in",
        "BINANCE_SPOT-SPOT-master",
        "not asked",
        "31.2 ms 88.0 ms",
        "1.25 s",
        "HTTP 502 from the venue",
        "Fill missing",
        "Reconciled",
        "NautilusTrader 1.231.0",
    ):
        assert words in text, words
    assert rows(page, "discrepancies").count() == 5
    shown = page.locator(".answer-age time")
    assert re.fullmatch(r"\d\d:\d\d:\d\d UTC", re.sub(r"\s+", " ", shown.inner_text()))
    title = shown.get_attribute("title") or ""
    assert "UTC; here" in title
    hours = [int(re.findall(r"(\d+):\d\d:\d\d", part)[0]) for part in title.split("; here")]
    assert (hours[1] - hours[0]) % 12 == 9, "Tokyo is nine hours ahead"
    chart = page.locator("#timeline svg")
    assert "90 checks in" in (chart.get_attribute("aria-label") or "")
    assert chart.locator("rect.bar").count() == 90
    assert chart.locator("rect.bar.discrepant").count() == 1
    assert page.locator("#venue svg.latency").count() == 5


def test_what_was_checked_and_what_it_came_to_is_said_in_words(desk: Desk) -> None:
    checks = {
        "startup": ("clean", "CLEAN", "Start-up Clean CLEAN"),
        "cheap": ("discrepant", "DISCREPANT", "Cheap look Discrepant DISCREPANT"),
        "deep": ("unknown", "UNKNOWN", "Deep look Unknown UNKNOWN"),
        "gap": ("failed", "UNKNOWN", "After a gap in the stream Failed UNKNOWN"),
        "demand": ("clean", "CLEAN", "On demand Clean CLEAN"),
        "store": ("clean", "CLEAN", "After a loss of the store Clean CLEAN"),
        "audit": ("clean", "CLEAN", "Audit from outside Clean CLEAN"),
        "engine_inflight": ("done", "", "Engine: orders in flight Ended, proves nothing none"),
        "engine_orders": ("failed", "", "Engine: open orders Failed none"),
        "engine_positions": ("done", "", "Engine: positions Ended, proves nothing none"),
        "of_a_later_version": ("so_so", "CLEAN", "Of a later version So so CLEAN"),
    }
    desk.show(
        lambda now_ns: statuses.clean(
            now_ns,
            cycles=tuple(
                CycleStatus(
                    time_ns=statuses.ago(number, now_ns), check=check, result=result, secs=0.01, verdict=verdict
                )
                for number, (check, (result, verdict, _)) in enumerate(checks.items(), 1)
            ),
        )
    )
    page = desk.open()
    page.locator("#timeline summary").click()
    shown = [re.sub(r"\s+", " ", text) for text in rows(page, "timeline").all_inner_texts()]
    assert len(shown) == len(checks)
    for (_, _, words), text in zip(checks.values(), shown, strict=True):
        assert words in text, shown
    titles = page.locator("#timeline rect.bar title").all_text_contents()
    assert any("UTC, Engine: positions: ended, proves nothing in 10.0 ms" in text for text in titles), titles


def test_it_keeps_up_without_losing_what_the_reader_does(desk: Desk) -> None:
    desk.show(lambda now_ns: statuses.discrepant(now_ns, 9))
    page = desk.open()
    page.get_by_role("button", name="Critical 3").click()
    page.locator("#timeline summary").click()
    page.locator("#discrepancy-text").fill("0003")
    expect(rows(page, "discrepancies")).to_have_count(1)
    page.evaluate("document.getElementById('discrepancy-text').setSelectionRange(1, 3)")
    kept = page.locator("#discrepancies").element_handle()
    desk.show(lambda now_ns: statuses.discrepant(now_ns, 12))
    expect(page.get_by_role("button", name="Critical 4")).to_have_attribute("aria-pressed", "true")
    expect(rows(page, "discrepancies")).to_have_count(1)
    assert page.locator("#discrepancy-text").input_value() == "0003"
    assert page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]") == [
        "discrepancy-text",
        1,
    ]
    assert page.locator("#timeline details").get_attribute("open") is not None
    assert page.evaluate("element => element.isConnected", kept)
    desk.show(statuses.clean)
    expect(headline(page)).to_have_text(HEADINGS["CLEAN"])
    expect(page.locator("#announcement")).to_have_text("True to the venue")
    assert page.locator("#announcement").get_attribute("aria-live") == "polite"
    assert desk.complaints == []


def test_hundreds_of_discrepancies_are_shown_a_few_at_a_time_filtered_and_sorted(desk: Desk) -> None:
    desk.show(lambda now_ns: statuses.discrepant(now_ns, 312, discrepancies_hidden=7))
    page = desk.open()
    expect(rows(page, "discrepancies")).to_have_count(50)
    expect(page.locator("#discrepancies")).to_contain_text("319 discrepancies open")
    expect(page.locator("#discrepancies")).to_contain_text("7 more are in the journal")
    assert set(page.locator("#discrepancies .severity").all_inner_texts()) == {"Critical"}
    page.get_by_role("button", name="Show all 312").click()
    expect(rows(page, "discrepancies")).to_have_count(312)
    page.get_by_role("button", name="Age").click()
    first = rows(page, "discrepancies").first
    expect(first).to_contain_text("000311")
    expect(page.locator("#discrepancies").get_by_role("columnheader", name="Age")).to_have_attribute(
        "aria-sort", "descending"
    )
    page.get_by_role("button", name="Age").click()
    expect(first).to_contain_text("000000")
    expect(page.locator("#discrepancies").get_by_role("columnheader", name="Age")).to_have_attribute(
        "aria-sort", "ascending"
    )
    page.locator("#discrepancy-text").fill("nothing of the kind")
    expect(page.locator("#discrepancies")).to_contain_text("None of them matches.")


def test_a_text_from_outside_is_shown_as_text_and_never_run(desk: Desk) -> None:
    desk.show(statuses.hostile)
    page = desk.open(f"{desk.url}#%3Cimg%20src=x%20onerror=window.__owned=1%3E%")
    expect(headline(page)).to_have_text(HEADINGS["DISCREPANT"])
    page.locator("#timeline summary").click()
    assert page.evaluate("window.__owned") is None
    assert page.locator("main img, main script, main iframe, header img").count() == 0
    assert statuses.HOSTILE in (page.locator("#discrepancies td.place .line").first.text_content() or "")
    assert statuses.HOSTILE in page.title()
    assert page.evaluate("window.__owned") is None
    assert desk.complaints == []


def test_a_node_that_does_not_answer_is_said_with_since_when_and_comes_back(desk: Desk) -> None:
    page = desk.open()
    port = desk.endpoint.port
    age = page.locator("#verdict-age")
    desk.endpoint.close()
    expect(headline(page)).to_have_text(HEADINGS["UNKNOWN"])
    expect(page.locator("#link")).to_contain_text("not reachable since")
    expect(page.locator("#answer")).to_contain_text("The node has not answered for")
    expect(page.locator("#answer")).to_contain_text("What follows is as it was last read")
    expect(page.locator("#answer")).not_to_contain_text("It was not true")
    expect(page.locator("#announcement")).to_have_text("The node does not answer")
    assert page.evaluate("document.body.classList.contains('stale')")
    before = age.inner_text()
    expect(age).not_to_have_text(before)  # the age is the browser's own, so it grows
    expect(page.locator("#accounts")).to_be_visible()
    desk.endpoint = desk.serve(port or 0)
    page.get_by_role("button", name="Ask now").click()
    expect(headline(page)).to_have_text(HEADINGS["CLEAN"])
    assert not page.evaluate("document.body.classList.contains('stale')")
    assert all("ERR_CONNECTION_REFUSED" in line for line in desk.complaints), desk.complaints


def test_no_press_and_no_focus_is_lost_when_the_page_changes_in_its_midst(desk: Desk) -> None:
    guarded = desk.serve(token=TOKEN)
    try:
        page = desk.open(guarded.url)
        page.locator("#token-field").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(headline(page)).to_have_text(HEADINGS["CLEAN"])
        forget = page.get_by_role("button", name="Forget token")
        forget.focus()
        port = guarded.port
        guarded.close()
        expect(headline(page)).to_have_text(HEADINGS["UNKNOWN"])
        expect(forget).to_be_focused()  # the node's going away made room for nothing else under the focus

        ask = page.get_by_role("button", name="Ask now")
        ask.hover()
        page.evaluate(
            """() => {
              window.heard = [];
              document.addEventListener("click", (event) => window.heard.push(event.target.textContent));
            }"""
        )
        page.mouse.down()  # a slow finger: the node is back before it is lifted
        guarded = desk.serve(port or 0, token=TOKEN)
        expect(headline(page)).to_have_text(HEADINGS["CLEAN"])
        with page.expect_request("**/status.json"):
            page.mouse.up()
        assert page.evaluate("window.heard") == ["Ask now"]
        expect(ask).to_be_focused()
        desk.show(lambda now_ns: statuses.discrepant(now_ns, 3))
        page.keyboard.press("Enter")
        expect(headline(page)).to_have_text(HEADINGS["DISCREPANT"])
        expect(ask).to_be_focused()
        assert page.evaluate("window.heard") == ["Ask now", "Ask now"]
    finally:
        guarded.close()


def test_the_token_is_asked_for_once_kept_in_the_tab_and_forgotten_on_demand(desk: Desk) -> None:
    guarded = desk.serve(token=TOKEN)
    try:
        page = desk.open(guarded.url)
        expect(headline(page)).to_have_text("Not shown without a token")
        expect(page.locator("#token-field")).to_be_focused()
        assert "TRADER" not in page.content()
        page.keyboard.type("not the right token")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("The node refused this token.")
        page.locator("#token-field").fill(TOKEN)
        page.get_by_role("button", name="Show the node").click()
        expect(headline(page)).to_have_text(HEADINGS["CLEAN"])
        expect(page.locator("#token")).to_be_hidden()
        page.reload()
        expect(headline(page)).to_have_text(HEADINGS["CLEAN"])
        assert TOKEN not in page.content()
        assert TOKEN not in page.url
        assert page.context.cookies() == []
        assert page.evaluate("localStorage.length") == 0
        page.get_by_role("button", name="Forget token").click()
        expect(headline(page)).to_have_text("Not shown without a token")
        assert page.evaluate("sessionStorage.length") == 0
        assert "TRADER" not in page.content()
        assert all("401" in line for line in desk.complaints), desk.complaints
    finally:
        guarded.close()


def test_everything_works_from_the_keyboard(desk: Desk) -> None:
    desk.show(statuses.discrepant)
    page = desk.open()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the answer")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText || document.activeElement.id").split("\n")[0])
    assert reached[:6] == ["All 5", "Critical 2", "Warning 2", "Info 1", "discrepancy-text", "Severity ↓"]
    assert "The same as a table" in reached
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.get_by_role("button", name="Warning 2").focus()
    page.keyboard.press("Space")
    expect(rows(page, "discrepancies")).to_have_count(2)
    expect(page.get_by_role("button", name="Warning 2")).to_be_focused()
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == page.locator("header").count() == page.locator("footer").count() == 1


def test_a_fleet_is_a_list_that_leads_to_each_node_and_back(desk: Desk) -> None:
    desk.show(
        lambda now_ns: [
            statuses.clean(now_ns),
            statuses.discrepant(now_ns, trader_id="TRADER/002 ?#"),
            statuses.hung(now_ns),
            statuses.starting(now_ns, trader_id=""),
        ]
    )
    page = desk.open()
    expect(headline(page)).to_have_text(HEADINGS["DISCREPANT"])
    expect(page.locator("#answer")).to_contain_text("1 of 4 nodes true to the venue")
    assert page.locator("#fleet a").all_inner_texts() == ["TRADER-001", "TRADER/002 ?#", "TRADER-001 (3)", "unnamed"]
    page.get_by_role("link", name="TRADER/002 ?#").click()
    expect(page.locator("#discrepancies")).to_contain_text("5 discrepancies open")
    page.get_by_role("link", name="TRADER-001 (3)").click()
    expect(headline(page)).to_have_text(HEADINGS["UNKNOWN"])
    expect(page.locator("#answer")).to_contain_text("the event loop has not answered".capitalize())
    page.get_by_role("link", name="All nodes").click()
    expect(page.locator("#discrepancies")).to_have_count(0)
    desk.show(lambda _: [])
    expect(headline(page)).to_have_text(HEADINGS["UNKNOWN"])
    expect(page.locator("#fleet")).to_contain_text("There is no node to show yet.")


def test_an_auditor_outside_shows_no_zeros_for_what_it_cannot_know(desk: Desk) -> None:
    desk.show(lambda now_ns: statuses.discrepant(now_ns, source="watch", mode="audit", guard=GuardStatus()))
    page = desk.open()
    expect(page.locator("header")).to_contain_text("seen from outside")
    expect(page.locator(".figures")).to_contain_text("from outside of the node")
    assert page.locator("#guard").count() == 0
    assert not {"Guard", "Orders open", "Loop lag p99"} & set(page.locator(".figure dt").all_inner_texts())
    expect(rows(page, "discrepancies")).to_have_count(5)


def test_it_asks_every_two_seconds_less_often_unseen_and_less_often_unanswered(desk: Desk) -> None:
    page = desk.open()
    pauses = page.evaluate(
        """async () => {
          const {Reader} = await import("/reader.js");
          const reader = new Reader(() => {});
          const pauses = [reader.pauseMs()];
          reader.failure = {reason: "", sinceMs: 0};
          for (reader.failures = 1; reader.failures <= 5; reader.failures += 1) pauses.push(reader.pauseMs());
          reader.failures = 1;
          Object.defineProperty(document, "hidden", {get: () => true});
          pauses.push(reader.pauseMs());
          reader.failure = null;
          pauses.push(reader.pauseMs());
          return pauses;
        }"""
    )
    assert pauses == [2_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000]


def test_a_tab_that_is_seen_again_asks_at_once(desk: Desk) -> None:
    page = desk.open()
    page.evaluate(
        """async () => {
          const {Reader} = await import("/reader.js");
          Reader.prototype.pauseMs = () => 3_600_000;  // of its own accord it asks no more after the next time
        }"""
    )
    with page.expect_response("**/status.json"):
        pass  # the last one of the two-second pause
    with page.expect_request("**/status.json"):
        page.evaluate("setInterval(() => document.dispatchEvent(new Event('visibilitychange')), 200)")


def any_status(rng: random.Random) -> NodeStatus:
    """Return a status of any standing."""
    now = statuses.NOW_NS
    return statuses.clean(
        now,
        source=rng.choice(["node", "node", "watch"]),
        phase=rng.choice(["MONITORING", "MONITORING", "RECONCILED", "RECONCILING", "INITIALIZING", "ERROR", ""]),
        failure=rng.choice(["", "no answer"]),
        verdict=rng.choice(["CLEAN", "CLEAN", "CLEAN", "DISCREPANT", "UNKNOWN", "", "else"]),
        verdict_ns=rng.choice([0, now, statuses.ago(rng.uniform(0, 700))]),
        verdict_age_secs_max=rng.choice([None, 120.0, 0.0, rng.uniform(0, 600)]),
        started_ns=rng.choice([0, statuses.ago(rng.uniform(0, 600))]),
        loop=LoopStatus(heartbeat_ns=rng.choice([0, now, now, statuses.ago(rng.uniform(0, 10))])),
        pending_discrepancies=rng.randrange(3),
        discrepancies=statuses.discrepant(now, rng.randrange(3)).discrepancies,
        discrepancies_hidden=rng.choice([0, 1200]),
        cycles=(),
        venue=(),
        accounts=(),
    )


def test_the_page_judges_by_the_same_rules_as_the_probes(desk: Desk) -> None:
    rng = random.Random(6)
    cases = [(any_status(rng), rng.choice([0.0, rng.uniform(0, 500)])) for _ in range(300)]
    spans = [
        0,
        0.9,
        59,
        60,
        61,
        3_599,
        3_600,
        3_660,
        7_322,
        86_399,
        86_400,
        90_000,
        1e6,
        -4,
        *(rng.uniform(0, 1e6) for _ in range(100)),
    ]
    page = desk.open()
    found = page.evaluate(
        """async ([cases, spans]) => {
          const {judge} = await import("/judgement.js");
          const {span} = await import("/words.js");
          return [JSON.parse(cases).map(([status, waited]) => judge(status, waited)), spans.map(span)];
        }""",
        [msgspec.json.encode(cases).decode(), spans],
    )
    assert found[1] == [span(secs) for secs in spans]
    for (status, waited), said in zip(cases, found[0], strict=True):
        expected = judge(status, waited)
        assert (said["verdict"], [text.replace(",", "") for text in said["reasons"]]) == (
            expected.verdict,
            list(expected.reasons),
        )
    assert len({judge(status, waited).verdict for status, waited in cases}) == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_are_two_grounds(desk: Desk, scheme: str) -> None:
    page = desk.open(color_scheme=scheme)
    red, green, blue = map(
        int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]
    )
    assert (red + green + blue > 600) == (scheme == "light")


def test_without_javascript_it_says_where_else_to_look(desk: Desk) -> None:
    context = desk.browser.new_context(java_script_enabled=False)
    desk.contexts.append(context)
    page = context.new_page()
    page.goto(desk.url)
    expect(page.get_by_role("link", name="status.json")).to_be_visible()
