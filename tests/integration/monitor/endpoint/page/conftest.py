"""One real Chromium and one real endpoint for all tests of the page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.unit.monitor.endpoint import statuses
from trueup.config.sight.ops import OpsConfig
from trueup.monitor.endpoint import OpsEndpoint
from trueup.monitor.endpoint.shared import REUSE_SECS
from trueup.monitor.status import NodeStatus

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1360, "height": 900}
TELEPHONE = {"width": 375, "height": 812}
PATIENCE_SECS = 60
"""How long a state is waited for: a shared machine took over 20 s to show what takes 2 s on one of its own."""

Make = Callable[[int], NodeStatus | Sequence[NodeStatus]]


@dataclass
class Desk:
    """A browser before an endpoint whose node can be made to say anything."""

    browser: Browser
    make: Make = statuses.clean
    endpoint: OpsEndpoint = field(init=False)
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.endpoint = self.serve()

    def serve(self, port: int = 0, token: str | None = None) -> OpsEndpoint:
        """Start an endpoint for the node of this desk."""
        config = OpsConfig.model_validate({"port": port, "auth_token": token})
        endpoint = OpsEndpoint(config, lambda: self.make(time.time_ns()))
        endpoint.start()
        return endpoint

    @property
    def url(self) -> str:
        """Where the page is."""
        return self.endpoint.url or ""

    def open(self, url: str | None = None, **options: Any) -> Page:
        """Open the page in a new tab of a new profile, and wait until it has said something."""
        context = self.browser.new_context(**{"viewport": DESKTOP, **options})
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_SECS * 1_000)
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.goto(url or self.url)
        page.locator("#answer-heading", has_not_text="Asking the node").wait_for()
        return page

    def show(self, make: Make) -> None:
        """Let the node say something else from now on."""
        self.make = make
        time.sleep(REUSE_SECS)  # what was said before serves for so long

    def clear(self) -> None:
        """Close every tab."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()
        self.complaints.clear()
        self.make = statuses.clean


@pytest.fixture(scope="package")
def shared_desk() -> Iterator[Desk]:
    """Yield the desk of all tests."""
    expect.set_options(timeout=PATIENCE_SECS * 1_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), timeout=PATIENCE_SECS * 1_000)
        desk = Desk(browser)
        yield desk
        desk.endpoint.close()
        browser.close()


@pytest.fixture
def desk(shared_desk: Desk) -> Iterator[Desk]:
    """Yield the desk with no tab open and a sound node."""
    shared_desk.clear()
    yield shared_desk
    shared_desk.clear()
