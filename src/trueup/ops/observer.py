"""Run a real Prometheus and a real Alertmanager beside a node, and hear which alerts fire: for the demo and the drills.

Both programs come from the machine (Debian: ``prometheus`` and ``prometheus-alertmanager``); nothing is downloaded.
They listen on loopback, keep their data in a directory that is given, and end with the observer.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import yaml

from trueup.errors import OpsFilesError
from trueup.ops import alertmanager, rules
from trueup.ops.alert import NODE_JOB
from trueup.ops.alertmanager import Receivers
from trueup.tied import start_tied

PROGRAMS: Final = ("prometheus", "prometheus-alertmanager")
READY_SECS_MAX: Final = 20.0
STOP_SECS_MAX: Final = 10.0
BODY_BYTES_MAX: Final = 4_000_000
NOTICES_MAX: Final = 10_000
ANSWER_SECS_MAX: Final = 5.0
RESEND_SECS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One program to scrape: its job, the name that operators know it by, and ``host:port``."""

    address: str
    instance: str
    job: str = NODE_JOB


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One alert as it reached the webhook: which receiver, ``firing`` or ``resolved``, and when by a steady clock."""

    receiver: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    heard_at: float

    @property
    def name(self) -> str:
        """Return the alert's name."""
        return self.labels.get("alertname", "")


class Webhook:
    """Hear what Alertmanager says."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self._changed = threading.Condition()
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            timeout = ANSWER_SECS_MAX

            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length") or 0), BODY_BYTES_MAX)
                webhook.hear(self.path.strip("/"), self.rfile.read(length))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing: what is heard is kept."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="trueup-webhook", daemon=True)

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()

    def hear(self, receiver: str, body: bytes) -> None:
        """Take in one message; what is none is left aside."""
        try:
            alerts = json.loads(body)["alerts"]
        except (ValueError, KeyError, TypeError):
            return
        now = time.monotonic()
        with self._changed:
            for alert in alerts:
                if len(self.notices) < NOTICES_MAX:
                    self.notices.append(
                        Notice(
                            receiver=receiver,
                            status=alert["status"],
                            labels=alert["labels"],
                            annotations=alert["annotations"],
                            heard_at=now,
                        )
                    )
            self._changed.notify_all()

    def wait_for(self, name: str, status: str, timeout_secs: float, since: float = 0.0, **labels: str) -> Notice | None:
        """Return the first notice of an alert and status heard after a moment, or None when the time is up.

        ``labels`` are those that it must have besides, such as ``instance``.
        """
        deadline = time.monotonic() + timeout_secs
        with self._changed:
            while True:
                for notice in self.notices:
                    is_it = (notice.name, notice.status) == (name, status) and labels.items() <= notice.labels.items()
                    if is_it and notice.heard_at >= since:
                        return notice
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)


def missing_programs() -> tuple[str, ...]:
    """Return which of the two programs this machine lacks."""
    return tuple(name for name in PROGRAMS if shutil.which(name) is None)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Observer:
    """A Prometheus and an Alertmanager of one's own.

    Parameters
    ----------
    directory : Path
        For configuration, data and logs.
    targets : iterable of Target
        What to scrape.
    scrape_secs : int
        Between two scrapes, and two evaluations of the rules.
    compress : int
        For trials alone, by how much long durations of the rules are shortened: see `trueup.ops.rules.render`.

    Raises
    ------
    OpsFilesError
        When a program is missing, or does not become ready.
    """

    def __init__(
        self, directory: Path, targets: Iterable[Target] = (), *, scrape_secs: int = 1, compress: int = 1
    ) -> None:
        missing = missing_programs()
        if missing:
            raise OpsFilesError(
                f"not on this machine: {', '.join(missing)}",
                action="install them (Debian: apt install prometheus prometheus-alertmanager)",
            )
        self.directory = directory
        self.scrape_secs = scrape_secs
        self.compress = compress
        self.webhook = Webhook()
        self._prometheus_port, self._alertmanager_port = free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        directory.mkdir(parents=True, exist_ok=True)
        self._write(tuple(targets))

    @property
    def prometheus_url(self) -> str:
        """Return where Prometheus answers."""
        return f"http://127.0.0.1:{self._prometheus_port}"

    @property
    def alertmanager_url(self) -> str:
        """Return where Alertmanager answers."""
        return f"http://127.0.0.1:{self._alertmanager_port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start both, and wait until they are ready."""
        self.webhook.start()
        try:
            self._run(
                "prometheus-alertmanager",
                f"--config.file={self.directory / 'alertmanager.yml'}",
                f"--storage.path={self.directory / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{self._alertmanager_port}",
                "--cluster.listen-address=",
            )
            self._run(
                "prometheus",
                f"--config.file={self.directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.directory / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{self._prometheus_port}",
                # Alertmanager is discovered 5 s after the start; what fires before that is said again, not in a minute.
                f"--rules.alert.resend-delay={RESEND_SECS}s",
            )
            for url in (self.alertmanager_url, self.prometheus_url):
                self._await_ready(url)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End both and the webhook; never raises."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(STOP_SECS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        self.webhook.close()

    def kill_prometheus(self) -> None:
        """End Prometheus alone, as a crash does: what a dead man's switch is for."""
        process = self._processes.pop()  # the last that was started
        process.kill()
        process.wait()

    def watch(self, targets: Iterable[Target]) -> None:
        """Scrape other targets from now on, without a reload."""
        self._write_targets(tuple(targets))

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """Return what an instant query gives."""
        parameters = {"query": expression} | ({} if at is None else {"time": str(at)})
        return self._get("/api/v1/query", parameters)["data"]["result"]  # type: ignore[no-any-return] # Prometheus' form

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire now, the dead man's switch left out."""
        alerts = self._get("/api/v1/alerts", {})["data"]["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"} - {alertmanager.WATCHDOG}

    # -- inside --------------------------------------------------------------------------------------------------------

    def _get(self, path: str, parameters: dict[str, str]) -> Any:
        url = f"{self.prometheus_url}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=ANSWER_SECS_MAX) as answer:  # noqa: S310 - our own loopback address
            return json.load(answer)

    def _write(self, targets: tuple[Target, ...]) -> None:
        receivers = Receivers(
            page_url=f"{self.webhook.url}/page",
            ticket_url=f"{self.webhook.url}/ticket",
            dead_mans_switch_url=f"{self.webhook.url}/heartbeat",
        )
        routes = alertmanager.document(receivers)
        # Who looks at a demonstration does not wait for a group to fill.
        for route in (routes["route"], *routes["route"]["routes"]):
            route |= {"group_wait": "1s", "group_interval": "2s"}
        (self.directory / "alertmanager.yml").write_text(yaml.safe_dump(routes, sort_keys=False))
        document = yaml.safe_load(rules.render(compress=self.compress))
        for group in document["groups"]:
            group["interval"] = f"{self.scrape_secs}s"
        (self.directory / "rules.yml").write_text(yaml.safe_dump(document, sort_keys=False))
        self._write_targets(targets)
        every = f"{self.scrape_secs}s"
        jobs = [
            {"job_name": job, "file_sd_configs": [{"files": [f"{job}.targets.json"], "refresh_interval": "1s"}]}
            for job in self._jobs
        ]
        prometheus = {
            "global": {"scrape_interval": every, "evaluation_interval": every, "scrape_timeout": every},
            "rule_files": ["rules.yml"],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{self._alertmanager_port}"]}]}]
            },
            "scrape_configs": jobs,
        }
        (self.directory / "prometheus.yml").write_text(yaml.safe_dump(prometheus, sort_keys=False))

    _jobs: Final = (NODE_JOB, "trueup-watch")

    def _write_targets(self, targets: tuple[Target, ...]) -> None:
        for job in self._jobs:
            listed = [
                {"targets": [one.address], "labels": {"instance": one.instance}} for one in targets if one.job == job
            ]
            path = self.directory / f"{job}.targets.json"
            temporary = path.with_suffix(".new")
            temporary.write_text(json.dumps(listed))
            temporary.replace(path)

    def _run(self, program: str, *arguments: str) -> None:
        with (self.directory / f"{program}.log").open("wb") as log:
            process = start_tied(
                [shutil.which(program) or program, *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches the observer, which then ends them itself
            )
        self._processes.append(process)

    def _await_ready(self, url: str) -> None:
        deadline = time.monotonic() + READY_SECS_MAX
        while time.monotonic() < deadline:
            if any(process.poll() is not None for process in self._processes):
                break
            try:
                with urllib.request.urlopen(f"{url}/-/ready", timeout=1.0):  # noqa: S310 - as above
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise OpsFilesError(
            f"Prometheus or Alertmanager did not become ready at {url}", action=f"read the logs in {self.directory}"
        )
