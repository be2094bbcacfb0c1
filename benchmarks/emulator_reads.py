"""The reading client of the emulator's benchmark, a process of its own: ``python -m benchmarks.emulator_reads JSON``.

One blocking socket and requests that were signed before the clock runs: of a measured time only the writing of one
short request and the receiving of its answer are the client's. Beside the time by the clock it takes the processor
time that the server used for each request, which hardly depends on what else the machine does.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
import time
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.result import percentile
from trueup.emulator.wire.signing import sign_hmac

WARM_READS: Final = 10
BUFFER_BYTES: Final = 2**21  # the longest answer has 0.6 MiB
DAY_MS: Final = 86_400_000


class Reader:
    """A keep-alive connection that receives into one buffer."""

    def __init__(self, rest: str) -> None:
        parts = urlsplit(rest)
        self.host = parts.netloc
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=60)
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)

    def call(self, request: bytes) -> int:
        """Send a request and return the size of its answer's body."""
        self._socket.sendall(request)
        received, length = 0, 0
        while not length or received < length:
            received += self._socket.recv_into(self._view[received:])
            if not length and (ends := self._buffer.find(b"\r\n\r\n", 0, received)) >= 0:
                head = bytes(self._view[:ends]).lower()
                assert head.startswith(b"http/1.1 200"), bytes(self._view[:received])
                at = head.index(b"content-length:") + 15
                body = int(head[at:].split(b"\r\n", 1)[0])
                length = ends + 4 + body
        return body


def read(work: dict[str, Any]) -> dict[str, Any]:
    """Read one endpoint after another, one request at a time; percentiles of each in milliseconds."""
    reader = Reader(work["rest"])
    chance = random.Random(1)
    return {
        name: _measure(
            reader, work, [_request(reader, work, path, form, chance) for _ in range(work["times"] + WARM_READS)]
        )
        for name, path, form in work["reads"]
    }


def _measure(reader: Reader, work: dict[str, Any], requests: list[bytes]) -> dict[str, float]:
    took_ms: list[float] = []
    cpu_ms: list[float] = []
    size = 0
    for number, request in enumerate(requests):
        cpu_before, started = server_cpu_ns(work["pid"]), time.perf_counter_ns()
        body = reader.call(request)
        took, cpu = time.perf_counter_ns() - started, server_cpu_ns(work["pid"]) - cpu_before
        if number >= WARM_READS:
            took_ms.append(took / 1e6)
            cpu_ms.append(cpu / 1e6)
            size = max(size, body)
    return {
        "p50": percentile(took_ms, 0.5),
        "p99": percentile(took_ms, 0.99),
        "cpu_p50": percentile(cpu_ms, 0.5),
        "cpu_p99": percentile(cpu_ms, 0.99),
        "bytes_max": size,
    }


def _request(reader: Reader, work: dict[str, Any], path: str, form: str, chance: random.Random) -> bytes:
    now_ms = time.time_ns() // 1_000_000
    text = form.format(symbol=chance.choice(work["symbols"]), start_ms=now_ms - chance.randint(DAY_MS, 6 * DAY_MS))
    text = f"{text}&recvWindow=60000&timestamp={now_ms}".lstrip("&")
    account = work["accounts"][0]
    signature = sign_hmac(account["secret"], text)
    head = f"GET {path}?{text}&signature={signature} HTTP/1.1\r\nHost: {reader.host}\r\n"
    return f"{head}X-MBX-APIKEY: {account['api_key']}\r\n\r\n".encode()


def server_cpu_ns(pid: int) -> int:
    """Return the processor time that a process has used, all threads, to the nanosecond.

    The clock id is the one that ``clock_getcpuclockid(3)`` gives on Linux, which Python does not offer.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def main() -> None:
    """Do the work named in the first argument."""
    work = json.loads(sys.argv[1])
    if work["core"] is not None:
        os.sched_setaffinity(0, {work["core"]})
    print(json.dumps(read(work)))


if __name__ == "__main__":
    main()
