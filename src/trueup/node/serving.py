"""The ops endpoint of one node, as its settings want it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from trueup.errors import EndpointError
from trueup.monitor.endpoint import OpsEndpoint

if TYPE_CHECKING:
    from trueup.node.announcer import LifeCycleEvent
    from trueup.node.sight import SightContext

_logger = logging.getLogger("trueup.ops")


def endpoint_of(context: SightContext) -> ServedNode | None:
    """Return what serves a node, or None where the settings leave it out.

    Raises
    ------
    ConfigValueError
        If other machines could read the node without a token.
    """
    config = context.settings.ops
    if config is None or not config.enabled:
        return None
    return ServedNode(OpsEndpoint(config, context.status, context.render_metrics), context.handle)


class ServedNode:
    """Serve one node, and say where, or why not, as soon as anybody listens.

    What watches a node comes to life while trueup is attached, before a listener can be added: what there is to say
    waits for the first change of the phase.

    Parameters
    ----------
    endpoint : OpsEndpoint
        The endpoint.
    handle : Handle
        The node's handle.
    """

    def __init__(self, endpoint: OpsEndpoint, handle: Any) -> None:
        self._endpoint = endpoint
        self._announcer = handle.announcer
        self._news: tuple[str, dict[str, str]] | None = None

    @property
    def name(self) -> str:
        """What it is called in logs."""
        return self._endpoint.name

    @property
    def url(self) -> str | None:
        """Where the status page is; None while it is not served."""
        return self._endpoint.url

    def start(self) -> None:
        """Begin to serve. A port in use is said; the node goes on without the endpoint."""
        try:
            self._endpoint.start()
        except EndpointError as error:
            _logger.warning("%s", error)
            self._news = ("ops_failed", {"text": f"{error.found}; {error.action}"})
        else:
            self._news = ("ops", {"url": self._endpoint.url or ""})
        self._announcer.listen(self._tell)

    def close(self) -> None:
        """Stop serving."""
        self._endpoint.close()

    def _tell(self, event: LifeCycleEvent) -> None:
        if self._news is not None and event.kind == "phase":
            (kind, data), self._news = self._news, None
            self._announcer.say(kind, **data)
