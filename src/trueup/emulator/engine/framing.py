"""Frames on disk: magic, length, checksum, payload; and how to tell a torn tail from damage.

A frame is written in one go and made durable before the next begins. So a frame that breaks off at the end of a file
was never acknowledged and may be cut off, while a broken frame with a whole one after it is damage.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from trueup.errors import EmulatorError

MAGIC = b"tuf1"
HEADER = struct.Struct("<4sII")
"""Magic, payload length in bytes, CRC-32 of the payload."""


def frame(payload: bytes) -> bytes:
    """Return `payload` framed."""
    return HEADER.pack(MAGIC, len(payload), zlib.crc32(payload)) + payload


def read_frames(path: Path, *, until: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield the offset after each whole frame of a file, and its payload; stop at a torn tail.

    Parameters
    ----------
    until : int, optional
        Where the file ends as far as the reader is concerned.

    Raises
    ------
    EmulatorError
        If a broken frame has a whole one after it, or the file is shorter than `until`.
    """
    data = path.read_bytes()
    if until is not None:
        if len(data) < until:
            raise _damaged(path, len(data), f"the file ends there, and {until} bytes were written")
        data = data[:until]
    offset = 0
    while offset < len(data):
        payload = _whole(data, offset)
        if payload is None:
            later = _next_whole(data, offset + 1)
            if later is not None:
                raise _damaged(path, offset, f"a whole frame follows at byte {later}")
            if until is not None:
                raise _damaged(path, offset, "the part before the last checkpoint is broken")
            return
        offset += HEADER.size + len(payload)
        yield offset, payload


def _whole(data: bytes, offset: int) -> bytes | None:
    if offset + HEADER.size > len(data):
        return None
    magic, length, checksum = HEADER.unpack_from(data, offset)
    start = offset + HEADER.size
    payload = data[start : start + length]
    if magic != MAGIC or len(payload) != length or zlib.crc32(payload) != checksum:
        return None
    return payload


def _next_whole(data: bytes, offset: int) -> int | None:
    while (offset := data.find(MAGIC, offset)) >= 0:
        if _whole(data, offset) is not None:
            return offset
        offset += 1
    return None


def _damaged(path: Path, offset: int, why: str) -> EmulatorError:
    return EmulatorError(
        f"the journal file {path} is damaged at byte {offset}: {why}",
        allowed="a file that only the emulator wrote",
        action="restore the directory from a copy, or begin with an empty one",
    )
