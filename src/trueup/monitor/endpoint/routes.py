"""What is answered to which request: a function of values and two sources, without a socket."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from trueup.monitor.endpoint.assets import Asset
from trueup.monitor.endpoint.documents import encode_document
from trueup.monitor.endpoint.hosts import is_host_allowed
from trueup.monitor.endpoint.judgement import unhealthy, unready
from trueup.monitor.endpoint.messages import JSON, Request, Response, say
from trueup.monitor.endpoint.shared import Shared
from trueup.monitor.status import NodeStatus

_logger = logging.getLogger("trueup.ops")

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus's text format, which every version of it reads."""

StatusSource = Callable[[], NodeStatus | Sequence[NodeStatus]]
MetricsSource = Callable[[], bytes]


class Router:
    """Answer requests.

    Parameters
    ----------
    status_source : StatusSource
        Says how the node is, or how the nodes are. Called on the endpoint's threads, never on the node's loop.
    metrics_source : MetricsSource or None
        Makes the text of ``/metrics``; None where there are none.
    assets : Mapping[str, Asset]
        The files of the page by path. They hold no data, so they are given to everybody.
    token : str or None
        What a reader must show; None where nobody must.
    allowed_hosts : frozenset[str]
        See `is_host_allowed`.
    """

    def __init__(
        self,
        status_source: StatusSource,
        metrics_source: MetricsSource | None,
        assets: Mapping[str, Asset],
        *,
        token: str | None = None,
        allowed_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self._status = Shared(status_source)
        self._document = Shared(lambda: encode_document(self._status.get()))
        self._metrics = None if metrics_source is None else Shared(metrics_source)
        self._assets = assets
        self._expected = None if token is None else f"Bearer {token}".encode()
        self._allowed_hosts = allowed_hosts
        self._told: set[tuple[str, str]] = set()
        self._pages: dict[str, Callable[[Request], Response]] = {
            "/metrics": self._guarded(self._say_metrics),
            "/status.json": self._guarded(self._say_status),
            "/healthz": lambda request: self._say_probe(request, "alive", unhealthy),
            "/readyz": lambda request: self._say_probe(request, "ready", unready),
        }

    def answer(self, request: Request) -> Response:
        """Return the response to a request, whatever it holds and whatever the sources do."""
        refusal = self._refuse_host(request)
        if refusal is not None:
            return refusal
        path = _path_of(request)
        page = self._pages.get(path)
        asset = self._assets.get(path)
        if page is None and asset is None:
            return say(HTTPStatus.NOT_FOUND, "not found: / /metrics /healthz /readyz /status.json")
        if request.method not in ("GET", "HEAD"):
            return say(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD", Allow="GET, HEAD")
        if asset is not None:
            return Response(HTTPStatus.OK, asset.body, asset.content_type, {"Cache-Control": "no-cache"})
        assert page is not None
        return self._survive(page, request)

    def _survive(self, page: Callable[[Request], Response], request: Request) -> Response:
        """Let no fault of a source become a dropped connection: a probe must see a 503 with its reason."""
        try:
            return page(request)
        except Exception as error:
            self._tell(_path_of(request), error)
            # The type alone: a text of an unforeseen error may hold anything.
            reason = f"the node does not say how it is: {type(error).__name__}"
            return say(HTTPStatus.SERVICE_UNAVAILABLE, *([reason] if self._is_known(request) else ["unavailable"]))

    def _tell(self, path: str, error: Exception) -> None:
        """Log a fault once, not at every reading of every reader."""
        told = (path, type(error).__name__)
        if told not in self._told:
            self._told.add(told)
            _logger.warning("the ops endpoint could not answer %s", path, exc_info=error)

    def _refuse_host(self, request: Request) -> Response | None:
        if request.host is None or is_host_allowed(request.host, self._allowed_hosts):
            return None
        return say(
            HTTPStatus.MISDIRECTED_REQUEST,
            "the name in Host is none that this endpoint answers to",
            "do: add it to allowed_hosts in [ops], or use the address",
        )

    def _is_known(self, request: Request) -> bool:
        if self._expected is None:
            return True
        return hmac.compare_digest(request.authorization.encode("utf-8", "surrogateescape"), self._expected)

    def _guarded(self, make: Callable[[], Response]) -> Callable[[Request], Response]:
        def page(request: Request) -> Response:
            if not self._is_known(request):
                return say(
                    HTTPStatus.UNAUTHORIZED,
                    "a bearer token is wanted: Authorization: Bearer TOKEN",
                    WWW_Authenticate='Bearer realm="trueup"',
                )
            return make()

        return page

    def _say_metrics(self) -> Response:
        if self._metrics is None:
            return say(HTTPStatus.NOT_FOUND, "there are no metrics here")
        return Response(HTTPStatus.OK, self._metrics.get(), METRICS_TYPE)

    def _say_status(self) -> Response:
        return Response(HTTPStatus.OK, self._document.get(), JSON)

    def _say_probe(self, request: Request, word: str, doubts_of: Callable[[NodeStatus], tuple[str, ...]]) -> Response:
        """Say yes or no to everybody, since few probes can show a token, and why not to who does."""
        said = self._status.get()
        nodes = [said] if isinstance(said, NodeStatus) else list(said)
        reasons = [_named(node, doubt, alone=len(nodes) == 1) for node in nodes for doubt in doubts_of(node)]
        if not nodes:
            reasons = ["there is no node to speak of yet"]
        if not reasons:
            return say(HTTPStatus.OK, word)
        return say(HTTPStatus.SERVICE_UNAVAILABLE, f"not {word}", *(reasons if self._is_known(request) else ()))


def _path_of(request: Request) -> str:
    return request.target.partition("?")[0]


def _named(node: NodeStatus, doubt: str, *, alone: bool) -> str:
    return doubt if alone or not node.trader_id else f"{node.trader_id}: {doubt}"
