"""Length-framed JSON between the processes of a drill: four bytes of length, big endian, then the message."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from trueup.errors import NodeError

FRAME_BYTES_MAX = 64 * 1024 * 1024  # a state dump of 50,000 orders is about 30 MB; more is a defect
_LENGTH_BYTES = 4

Message = dict[str, Any]
_encoder = msgspec.json.Encoder(decimal_format="string")
_decoder = msgspec.json.Decoder(Message)


def frame(message: Message) -> bytes:
    """Return a message as bytes for the socket."""
    body = _encoder.encode(message)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


async def read_frame(reader: asyncio.StreamReader) -> Message | None:
    """Return the next message, or None once the other side has gone.

    Raises
    ------
    NodeError
        If the length is out of bounds: the two sides no longer speak the same language.
    """
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
        if length > FRAME_BYTES_MAX:
            raise NodeError(f"a frame of {length} bytes arrived", allowed=f"at most {FRAME_BYTES_MAX}")
        return _decoder.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
