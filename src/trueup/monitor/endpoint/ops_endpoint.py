"""The ops endpoint: start it, ask where it is, close it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from trueup.config.sight.ops import OpsConfig
from trueup.errors import ConfigValueError, EndpointError
from trueup.monitor.endpoint.assets import load_assets
from trueup.monitor.endpoint.routes import MetricsSource, Router, StatusSource
from trueup.monitor.endpoint.server import POLL_SECS, BoundedServer

JOIN_SECS_MAX = 2.0


class OpsEndpoint:
    """Serve ``/metrics``, ``/healthz``, ``/readyz``, ``/status.json`` and the status page on daemon threads.

    Parameters
    ----------
    config : OpsConfig
        Where, and who may read.
    status_source : StatusSource
        Returns the `NodeStatus` of one node, or a sequence of them for a fleet. It is called on the endpoint's
        threads, one call at a time and at most four a second, and must not need the node's event loop.
    metrics_source : MetricsSource, optional
        Returns the text of ``/metrics``, under the same rules.
    announce : Callable[[str], None], optional
        Told the URL of the status page once it is served: with port 0 nobody knows it before.

    Raises
    ------
    ConfigValueError
        If other machines could read the node without a token.
    """

    def __init__(
        self,
        config: OpsConfig,
        status_source: StatusSource,
        metrics_source: MetricsSource | None = None,
        *,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        if not config.is_guarded:  # a copy of a model is not validated
            raise ConfigValueError(
                f"ops.host is {config.host}, which other machines can reach, and there is no ops.auth_token",
                allowed="a loopback address, or any address with a token",
                action="give TRUEUP_OPS__AUTH_TOKEN, or set host to 127.0.0.1",
            )
        self._config = config
        self._announce = announce
        self._router = Router(
            status_source,
            metrics_source,
            load_assets(),
            token=None if config.auth_token is None else config.auth_token.get_secret_value(),
            allowed_hosts=frozenset({config.host.lower(), *config.allowed_hosts}),
        )
        self._server: BoundedServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        """What it is called in logs."""
        return "endpoint"

    @property
    def port(self) -> int | None:
        """The port that it listens on; None while it does not."""
        return None if self._server is None else int(self._server.server_address[1])

    @property
    def url(self) -> str | None:
        """Where the status page is; None while it is not served."""
        if self._server is None:
            return None
        host = self._config.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def start(self) -> None:
        """Begin to listen. Nothing happens when it is not enabled, or listens already.

        Raises
        ------
        EndpointError
            If it cannot listen there. A node goes on without it, and says so.
        """
        if self._server is not None or not self._config.enabled:
            return
        host, port = self._config.host, self._config.port
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self._server = BoundedServer(address, family, self._router.answer)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise EndpointError(
                f"the ops endpoint cannot listen on {host} port {port}: {reason}",
                allowed="a free port of an address of this machine, or port 0 for any",
                action="give each node of the machine its own port in [ops]; 'ss -ltnp' shows who has this one",
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECS,), name="trueup-ops", daemon=True
        )
        self._thread.start()
        if self._announce is not None and self.url is not None:
            self._announce(self.url)

    def close(self) -> None:
        """Stop listening and end what is open, within two seconds; harmless when it never listened."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None:
            return
        server.shutdown()
        server.end()
        thread.join(JOIN_SECS_MAX)
