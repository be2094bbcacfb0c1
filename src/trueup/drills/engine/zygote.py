"""A process that has imported the engine once and forks a node process on each order.

Importing the engine takes 1.3 to 2 s (measured on 1.231.0); a fork takes about 10 ms. The engine starts no thread when
it is imported, and its logger and its runtime start in the child; the libraries that would start one are told not to
(``trueup.drills.nodes.SINGLE_THREADED``), so that forking is safe.

Orders come as lines of JSON on the standard input, answers leave on the standard output. The end of the input ends
this process; its children die with it.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import select
import signal
import sys
import traceback

import msgspec

import trueup
from trueup.drills.engine.node import run_node
from trueup.drills.records import NodeSpec

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_IMPORTED_LATE = ("encodings.idna", "trueup.guard.making", "trueup.node.serving", "trueup.node.v1.guarding")
"""What attach imports when a node has it, with thirty modules 0.15 s of every child, ten times that under load; and
what the first look-up of an address does."""


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _save_coverage() -> None:
    """Write what a measured child covered: it ends without the interpreter's usual farewell."""
    if "coverage" not in sys.modules:
        return
    current = sys.modules["coverage"].Coverage.current()
    if current is not None:
        current.stop()
        current.save()


def _live(spec: NodeSpec) -> None:
    """Live one life in a forked child, and never return to the zygote's own loop."""
    _die_with_parent()
    code = 0
    try:
        run_node(spec)
    except BaseException:  # the child must end here whatever happened, with the reason in its log
        traceback.print_exc()
        code = 1
    _save_coverage()
    sys.stdout.flush()
    sys.stderr.flush()
    # Without the interpreter's shutdown: the engine's threads would be waited for, which takes a second.
    os._exit(code)


def _tell(message: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _reap() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _tell({"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def main() -> None:
    """Serve until the input ends."""
    _ = trueup.attach  # looked up, hence imported, here and once: in every child it would take a second
    for name in _IMPORTED_LATE:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what lives here lives for ever: a child that collected it would copy every page of it
    _die_with_parent()
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the drill, which then closes the input
    _tell({"ready": os.getpid()})
    pending = b""
    while True:
        ready, _, _ = select.select([0, wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 4096)
            _reap()
        if 0 not in ready:
            continue
        chunk = os.read(0, 65536)
        if not chunk:
            return
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                null = os.open(os.devnull, os.O_RDONLY)
                os.dup2(null, 0)
                _live(msgspec.json.decode(line, type=NodeSpec))
            _tell({"forked": pid})


if __name__ == "__main__":
    main()
