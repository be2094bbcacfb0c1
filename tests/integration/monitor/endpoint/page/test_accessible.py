"""The page passes axe-core (WCAG 2.1 A and AA, best practices) in every state, scheme and width."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # the package ships no types
from playwright.sync_api import Page

from tests.integration.monitor.endpoint.page.conftest import DESKTOP, TELEPHONE, Desk, Make
from tests.unit.monitor.endpoint import statuses

TOKEN = "planted-token-0123456789"

STATES: dict[str, Make] = {
    "sound": statuses.clean,
    "discrepant": lambda now_ns: statuses.discrepant(now_ns, 12),
    "unknown": statuses.unknown,
    "starting": statuses.starting,
    "fleet": lambda now_ns: [statuses.clean(now_ns), statuses.discrepant(now_ns, trader_id="TRADER-002")],
}


def faults(page: Page) -> list[str]:
    """Return what axe-core finds wrong, with the places."""
    found = Axe().run(page).response
    assert found["passes"], "axe has looked"
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def seen(desk: Desk, url: str, scheme: str, viewport: dict[str, int]) -> Page:
    """Open the page for axe: its own policy lets no foreign script in, so the browser has to."""
    return desk.open(url, color_scheme=scheme, viewport=viewport, bypass_csp=True)


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESKTOP), ("dark", TELEPHONE)], ids=["desk", "telephone"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(desk: Desk, state: str, scheme: str, viewport: dict[str, int]) -> None:
    desk.show(STATES[state])
    assert faults(seen(desk, desk.url, scheme, viewport)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_a_token_is_wanted(desk: Desk, scheme: str) -> None:
    guarded = desk.serve(token=TOKEN)
    try:
        assert faults(seen(desk, guarded.url or "", scheme, TELEPHONE)) == []
    finally:
        guarded.close()


def test_axe_finds_nothing_where_the_node_is_gone(desk: Desk) -> None:
    desk.show(statuses.discrepant)
    page = seen(desk, desk.url, "light", DESKTOP)
    desk.endpoint.close()
    try:
        page.locator("body.stale").wait_for()
        assert faults(page) == []
    finally:
        desk.endpoint = desk.serve()


def test_axe_finds_what_is_wrong(desk: Desk) -> None:
    page = desk.open(bypass_csp=True)
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert [one["id"] for one in Axe().run(page).response["violations"]] == ["button-name"]
