"""A process that has imported the engine once and forks a program of the tests on each order.

To import the engine takes 1.1 s of a core (measured on 1.231.0), and 0.3 s more where coverage is measured; to fork
takes 20 ms. What forks has no other thread, and a child goes the way of any other program from its first line to the
interpreter's end; see `trueup.drills.engine.zygote`, which does the same for drills.

An order is a message on a socket: the module, its arguments, directory and environment as JSON, and four descriptors,
the standard ones and one for what becomes of the child: its process id, and its exit code when it has ended. The end of
the socket ends this process; its children die with it.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import orjson

from trueup.tied import PR_SET_PDEATHSIG

ORDER_BYTES_MAX = 200_000
DESCRIPTORS = 4
IMPORTED = (
    *("nautilus_trader.live.node", "nautilus_trader.persistence.catalog", "encodings.idna", "redis"),
    *("trueup.node.attach", "trueup.node.runner", "trueup.node.serving", "trueup.node.v1.guarding"),
    *("trueup.guard.making", "trueup.monitor.exporter", "trueup.strategies"),
)
"""What the programs import, or their nodes do when they start, beside what is theirs alone."""


def main(descriptor: int) -> tuple[str, list[str]] | None:
    """Fork on each order until there are no more; return None then, and in each child what it shall run."""
    for name in IMPORTED:
        importlib.import_module(name)
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a process with threads must not fork"
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    reports: dict[int, int] = {}
    with socket.socket(fileno=descriptor) as orders:
        while True:
            ready, _, _ = select.select([orders.fileno(), wake_read], [], [])
            if wake_read in ready:
                os.read(wake_read, 4096)
                _reap(reports)
            if orders.fileno() not in ready:
                continue
            message, descriptors, _, _ = socket.recv_fds(orders, ORDER_BYTES_MAX, DESCRIPTORS)
            if not message:
                return None
            pid = os.fork()
            if pid == 0:
                for one in (wake_read, wake_write, *reports.values()):
                    os.close(one)
                return _become(orjson.loads(message), descriptors)
            *standard, report = descriptors
            for one in standard:
                os.close(one)
            os.write(report, b"%d\n" % pid)
            reports[pid] = report


def _reap(reports: dict[int, int]) -> None:
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        report = reports.pop(pid)
        os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(report)


def _become(order: dict[str, Any], descriptors: list[int]) -> tuple[str, list[str]]:
    """Take over what the order gives: input, outputs, directory, environment."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    os.chdir(order["directory"])
    os.environ.clear()
    os.environ.update(order["environment"])
    return order["module"], order["arguments"]


if __name__ == "__main__":
    program = main(int(sys.argv[1]))
    if program is not None:
        sys.argv[1:] = program[1]
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)
