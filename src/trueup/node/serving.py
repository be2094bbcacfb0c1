"""The ops endpoint of one node, as its settings want it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from trueup.errors import EndpointError
from trueup.monitor.endpoint import OpsEndpoint

if TYPE_CHECKING:
    from trueup.node.announcer import LifeCycleEvent
    from trueup.node.sight import SightContext

_logger = logging.getLogger("trueup.ops")

RETRY_SECS = 10.0
"""Between two attempts to listen on a port that is taken: by the former life of a restarted node, most likely, which
may take its whole stopping time to end."""


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
    waits for the next event after ``built``. A port that is taken is tried again every 10 s, for as long as the node
    lives; the node itself goes on meanwhile.

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
        self._closed = threading.Event()

    @property
    def name(self) -> str:
        """What it is called in logs."""
        return self._endpoint.name

    @property
    def url(self) -> str | None:
        """Where the status page is; None while it is not served."""
        return self._endpoint.url

    def start(self) -> None:
        """Begin to serve, now or as soon as the port is free."""
        self._announcer.listen(self._tell)
        if not self._listen():
            threading.Thread(target=self._retry, name="trueup-ops-retry", daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._closed.set()
        self._endpoint.close()

    def _listen(self, *, is_first: bool = True) -> bool:
        try:
            self._endpoint.start()
        except EndpointError as error:
            if is_first:
                _logger.warning("%s", error)
                self._news = ("ops_failed", {"text": f"{error.found}; it is tried again every {RETRY_SECS:g} s"})
            return False
        self._news = ("ops", {"url": self._endpoint.url or ""})
        return True

    def _retry(self) -> None:
        while not self._closed.wait(RETRY_SECS):
            if self._listen(is_first=False):
                if self._closed.is_set():
                    self._endpoint.close()
                return

    def _tell(self, event: LifeCycleEvent) -> None:
        """Say what there is to say, on the node's own loop: the thread that tries again may not."""
        news = self._news
        if news is not None and event.kind != "built":
            self._news = None
            self._announcer.say(news[0], **news[1])
