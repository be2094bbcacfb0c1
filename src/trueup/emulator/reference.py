"""The table of endpoints, generated from the registry that serves them."""

from __future__ import annotations

from collections.abc import Iterable

from trueup.emulator.wire.rest import ROUTES as REST_ROUTES
from trueup.emulator.wire.routes import Route
from trueup.emulator.wire.ws_api import ROUTES as WS_ROUTES

_HEAD = "| Method | {name} | Weight | Orders | Security | Faith | Note |\n|---|---|---|---|---|---|---|"


def render() -> str:
    """Return Markdown: one table of REST endpoints, one of WebSocket API methods.

    ``Weight`` is charged to the client's address per minute, ``Orders`` to the account's order counts. ``Faith`` says
    whether an endpoint follows the venue (faithful), fills a gap of its documents (assumed), or has one answer only
    (fixed answer).
    """
    rest = sorted(REST_ROUTES.values(), key=lambda route: (route.path, route.method))
    return "\n".join(
        [
            "### REST",
            "",
            _HEAD.format(name="Path"),
            *_rows(rest),
            "",
            "### WebSocket API",
            "",
            _HEAD.format(name="Name"),
            *_rows(WS_ROUTES.values()),
            "",
        ]
    )


def _rows(routes: Iterable[Route]) -> list[str]:
    return [
        f"| {route.method} | `{route.path}` | {_weight(route)} | {route.orders or ''} |"
        f" {route.security} | {route.faith} | {route.note} |"
        for route in routes
    ]


def _weight(route: Route) -> str:
    return str(route.weight) if isinstance(route.weight, int) else route.weight_text
