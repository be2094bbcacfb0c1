"""Start a process that ends with this one, however this one ends.

Linux sends a child a signal at the end of the *thread* that made it, if the child asks for it (``PR_SET_PDEATHSIG``),
so such children are made by a thread that lives as long as the process. The child asks between fork and exec; code of
ours must not run there in a process with threads, so a small interpreter of its own does it (40 ms of a busy core) and
then becomes the program. Elsewhere than on Linux nothing is asked, and whoever started the process has to end it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

PR_SET_PDEATHSIG: Final = 1
"""From <linux/prctl.h>."""

_BECOME: Final = """
import ctypes, os, sys
ctypes.CDLL(None, use_errno=True).prctl(int(sys.argv[1]), int(sys.argv[2]), 0, 0, 0)
if os.getppid() != int(sys.argv[3]):  # it ended before we asked
    sys.exit(1)
os.execv(sys.argv[4], sys.argv[4:])
"""

_maker: ThreadPoolExecutor | None = None


def start_tied(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program that gets SIGKILL when this process ends.

    Parameters
    ----------
    command : Sequence of str
        The path of the program and its arguments.
    options
        Those of `subprocess.Popen`.

    Raises
    ------
    OSError
        If it cannot be run.
    """
    if sys.platform != "linux":
        return subprocess.Popen(list(command), **options)
    wanted = [str(PR_SET_PDEATHSIG), str(int(signal.SIGKILL)), str(os.getpid())]
    whole = [sys.executable, "-I", "-S", "-c", _BECOME, *wanted, *command]
    return _lasting().submit(lambda: subprocess.Popen(whole, **options)).result()


def _lasting() -> ThreadPoolExecutor:
    global _maker
    if _maker is None:
        _maker = ThreadPoolExecutor(1, thread_name_prefix="makes-children")
    return _maker


def _forget() -> None:
    global _maker
    _maker = None  # a fork has none of the threads of its parent


os.register_at_fork(after_in_child=_forget)
