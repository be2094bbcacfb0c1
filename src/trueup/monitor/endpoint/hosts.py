"""Which names a request may call this endpoint by.

A foreign web page cannot read an answer of another origin, unless it makes its own name resolve to 127.0.0.1 (DNS
rebinding); then its name stands in ``Host``. An address cannot be rebound, so addresses are always answered.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:/@\s]+))(?::\d{1,5})?")


def is_host_allowed(header: str, allowed: frozenset[str]) -> bool:
    """Return whether a request for `header` may be answered.

    Parameters
    ----------
    header : str
        The header ``Host``, with or without a port: a tunnel or a proxy may change it, so it decides nothing.
    allowed : frozenset[str]
        Names in lower case that are answered beside addresses and ``localhost``.
    """
    match = _HOST.fullmatch(header)
    if match is None:
        return False
    name = (match["six"] or match["name"]).lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost") or name in allowed:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
