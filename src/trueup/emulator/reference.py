"""``docs/emulator.md``: prose from ``reference.md``, tables from the code that serves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any, Final

from pydantic import BaseModel

from trueup.emulator.engine.assumptions import ENGINE, Standing
from trueup.emulator.engine.venue import Venue
from trueup.emulator.settings import EmulatorSettings
from trueup.emulator.wire import fault_values
from trueup.emulator.wire.control import COMMANDS, QUERIES
from trueup.emulator.wire.fault_values import Match
from trueup.emulator.wire.rest import ROUTES as REST_ROUTES
from trueup.emulator.wire.routes import Route
from trueup.emulator.wire.ws_api import ROUTES as WS_ROUTES

_ROUTES_HEAD: Final = "| Method | {name} | Weight | Orders | Security | Faith | Note |\n|---|---|---|---|---|---|---|"


def render() -> str:
    """Return the document."""
    actions: tuple[type[BaseModel], ...] = (
        *fault_values.REQUEST_ACTIONS,
        *fault_values.EVENT_ACTIONS,
        *fault_values.SOCKET_ACTIONS,
    )
    parts = {
        "settings": _table("Setting | Default", _settings(EmulatorSettings)),
        "commands": _table("Command | What it does", map(_method, COMMANDS)),
        "queries": _table("Query | What it returns", map(_method, QUERIES)),
        "match": _table("Match | What must hold", _match()),
        "actions": _table("Action | Fields | What happens", map(_action, actions)),
        "faithful": _statements(Standing.FAITHFUL),
        "assumed": _statements(Standing.ASSUMED),
        "absent": _statements(Standing.ABSENT),
        "endpoints": render_endpoints(),
    }
    template = files("trueup.emulator").joinpath("reference.md").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def render_endpoints() -> str:
    """Return one table of REST endpoints and one of WebSocket API methods."""
    rest = sorted(REST_ROUTES.values(), key=lambda route: (route.path, route.method))
    sections = (
        "### REST",
        "\n".join([_ROUTES_HEAD.format(name="Path"), *_routes(rest)]),
        "### WebSocket API",
        "\n".join([_ROUTES_HEAD.format(name="Name"), *_routes(WS_ROUTES.values())]),
    )
    return "\n\n".join(sections)


def _table(head: str, rows: Iterable[str]) -> str:
    return "\n".join([f"| {head} |", "|---" * (head.count("|") + 1) + "|", *rows])


def _routes(routes: Iterable[Route]) -> list[str]:
    return [
        f"| {route.method} | `{route.path}` | {_weight(route)} | {route.orders or ''} |"
        f" {route.security} | {route.faith} | {route.note} |"
        for route in routes
    ]


def _weight(route: Route) -> str:
    return str(route.weight) if isinstance(route.weight, int) else route.weight_text


def _statements(standing: Standing) -> str:
    return "\n".join(f"- *{each.topic}*: {each.text}" for each in ENGINE if each.standing is standing)


def _settings(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from _settings(type(default), f"{prefix}{name}.")
        elif isinstance(default, tuple) and default and isinstance(default[0], BaseModel):
            yield from _settings(type(default[0]), f"{prefix}{name}[].")
        else:
            yield f"| `{prefix}{name}` | {_shown(default)} |"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items()) or "none"
    return (
        "none" if value is None or value in ("", ()) else str(value).lower() if value in (True, False) else str(value)
    )


def _method(name: str) -> str:
    method = getattr(Venue, name)
    arguments = [
        parameter.name if parameter.default is inspect.Parameter.empty else f"[{parameter.name}]"
        for parameter in list(inspect.signature(method).parameters.values())[1:]
    ]
    return f"| `{name}` {', '.join(arguments)} | {_first_sentence(method)} |"


def _match() -> Iterator[str]:
    """Yield the fields of a match with the words of its docstring."""
    section = inspect.cleandoc(Match.__doc__ or "").partition("----------\n")[2]
    for names, words in re.findall(r"^(\w[^:\n]*) : [^\n]*\n((?:    [^\n]*\n?)+)", section, re.MULTILINE):
        shown = ", ".join(f"`{name.strip()}`" for name in names.split(","))
        yield f"| {shown} | {_prose(words)} |"


def _action(action: type[BaseModel]) -> str:
    kind = action.model_fields["kind"].default
    fields = [f"`{name}`" for name in action.model_fields if name != "kind"]
    return f"| `{kind}` | {', '.join(fields)} | {_first_sentence(action)} |"


def _first_sentence(documented: Any) -> str:
    return _prose((inspect.getdoc(documented) or "").partition("\n\n")[0])


def _prose(text: str) -> str:
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")
