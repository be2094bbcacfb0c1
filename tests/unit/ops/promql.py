"""Read PromQL with a parser that is not Prometheus': which metrics and labels does a query name?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import promql_parser

_MACROS = {"$__rate_interval": "1m", "$__interval": "1m", "$instance": "node-1", "$venue": "BINANCE", "$trader": "T-1"}
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
_BARE = re.compile(r"\b(trueup_[a-z0-9_]+|instance:trueup_[a-z0-9_:]+)\b")
_MATCHER = re.compile(r'([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')


def plain(expression: str) -> str:
    """Return an expression with Grafana's variables filled in."""
    for name, value in _MACROS.items():
        expression = expression.replace(name, value)
    return expression


def parse(expression: str) -> object:
    """Parse an expression.

    Raises
    ------
    ValueError
        If it is no PromQL.
    """
    return promql_parser.parse(plain(expression))


def metrics(expression: str) -> set[str]:
    """Return the names of our metrics in an expression."""
    return set(_BARE.findall(plain(expression)))


def matchers(expression: str) -> Iterator[tuple[str, str, str]]:
    """Yield metric, label and value of each matcher."""
    for metric, inside in _SELECTOR.findall(plain(expression)):
        for label, value in _MATCHER.findall(inside):
            yield metric, label, value


def label_values(value: str) -> list[str]:
    """Return the alternatives of a regular expression that is a list of words."""
    return value.split("|")
