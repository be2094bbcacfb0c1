"""Requests to other parts of a node, which come by the guard's way: done on the event loop, answered when done.

A request may take seconds (a claim looks at the venue twice). The guard's thread does not wait for it: a halt that
comes meanwhile is obeyed meanwhile.
"""

from __future__ import annotations

import asyncio
import collections
import logging
from collections.abc import Awaitable, Callable

import msgspec

from trueup.errors import TrueupError
from trueup.guard.message import REPLY_BYTES_MAX, Reply, Request

_logger = logging.getLogger("trueup.guard")

DOING_MAX = 4
REQUEST_SECS_MAX = 30.0
"""Longer than any look that a request asks for; its sender has gone by then."""
WHY_CHARS_MAX = 2_000

type Serve = Callable[[Request], Awaitable[object]]


class Requests:
    """Do what is asked, a few at a time.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's.
    instance_id : str
        The node.
    wake : Callable[[], None]
        Called on the loop's thread when a reply is ready.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, instance_id: str, wake: Callable[[], None]) -> None:
        self._loop = loop
        self._instance_id = instance_id
        self._wake = wake
        self._serving: dict[str, Serve] = {}
        self._doing: set[asyncio.Task[None]] = set()
        self._ready: collections.deque[Reply] = collections.deque()

    def serve(self, topic: str, serve: Serve) -> None:
        """Let a part of the node answer the requests of one topic. It raises `TrueupError` to refuse."""
        self._serving[topic] = serve

    def take(self, request: Request) -> None:
        """Begin to do what an admitted request asks; on any thread."""
        self._loop.call_soon_threadsafe(self._begin, request)

    def ready(self) -> list[Reply]:
        """Return the replies that are ready, once; on any thread."""
        return [self._ready.popleft() for _ in range(len(self._ready))]

    def _begin(self, request: Request) -> None:
        serve = self._serving.get(request.topic)
        if serve is None:
            self._reply(self.refusal(request, "not_allowed", f"this node has no {request.topic} to ask"))
        elif len(self._doing) >= DOING_MAX:
            self._reply(self.refusal(request, "cannot_act", f"{DOING_MAX} requests are being done already"))
        else:
            task = self._loop.create_task(self._do(request, serve), name=f"trueup-request-{request.topic}")
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

    async def _do(self, request: Request, serve: Serve) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECS_MAX):
                data = msgspec.to_builtins(await serve(request))
            reply = Reply(nonce=request.nonce, instance_id=self._instance_id, done=True, data=data)
            if len(msgspec.json.encode(reply)) > REPLY_BYTES_MAX - 100:  # the signature comes on top
                reply = self.refusal(request, "oversized", "what there is to tell is too long for one answer")
        except TrueupError as error:
            reply = self.refusal(request, "not_allowed", str(error))
        except TimeoutError:
            reply = self.refusal(request, "cannot_act", f"it was not done within {REQUEST_SECS_MAX:g} s")
        except Exception as error:
            _logger.exception("a request failed")
            reply = self.refusal(request, "cannot_act", f"{type(error).__name__}: {error}")
        self._reply(reply)

    def _reply(self, reply: Reply) -> None:
        self._ready.append(reply)
        self._wake()

    def refusal(self, request: Request, code: str, why: str) -> Reply:
        """Return the reply to a request that is not done."""
        return Reply(nonce=request.nonce, instance_id=self._instance_id, done=False, code=code, why=why[:WHY_CHARS_MAX])
