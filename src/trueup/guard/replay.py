"""What keeps a command from being obeyed twice, late, or by another node. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from trueup.guard.message import MessageRefusedError, RefusalReason, Signed

SENDERS_MAX = 64
"""Places that ever commanded one node. Only who has the key can add one."""
NONCES_MAX = 1_000
"""Within one clock window. At one message in half a second this is eight minutes, longer than any window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Hold what was received: the last sequence of each sender, and the nonces of the present window."""

    sequences: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    nonces: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def admit(seen: Seen, command: Signed, *, trader_id: str, instance_id: str, now_ns: int, window_ns: int) -> Seen:
    """Take a command whose sender has the key, once, for this process, in time.

    Parameters
    ----------
    seen : Seen
        What was received so far.
    command : Signed
        The command or request.
    trader_id, instance_id : str
        This process.
    now_ns, window_ns : int
        Its clock, and how far a sender's may lie from it.

    Returns
    -------
    Seen
        To be kept before the command is obeyed.

    Raises
    ------
    MessageRefusedError
        With the reason.
    """

    def refuse(code: RefusalReason, why: str) -> MessageRefusedError:
        return MessageRefusedError(code, why, is_authentic=True)

    if command.trader_id != trader_id:
        raise refuse(RefusalReason.OTHER_TRADER, f"it is for the trader {command.trader_id}, and this is {trader_id}")
    if command.instance_id != instance_id:
        raise refuse(RefusalReason.OTHER_INSTANCE, "it is for another process of this trader, perhaps an earlier one")
    off_secs = (command.issued_ns - now_ns) / 1e9
    if abs(command.issued_ns - now_ns) > window_ns:
        when = f"{abs(off_secs):.1f} s {'ahead of' if off_secs > 0 else 'behind'} the node's clock"
        raise refuse(RefusalReason.STALE, f"its time lies {when}; {window_ns / 1e9:g} s are allowed")
    if command.nonce in seen.nonces or command.sequence <= seen.sequences.get(command.sender, 0):
        raise refuse(RefusalReason.REPLAYED, "it was received before, or is older than one that was")
    if command.sender not in seen.sequences and len(seen.sequences) >= SENDERS_MAX:
        raise refuse(RefusalReason.TOO_MANY_SENDERS, f"{SENDERS_MAX} other places commanded this node before")
    # A nonce is needed for as long as its time would pass; the sequence keeps out everything older.
    nonces = {nonce: time_ns for nonce, time_ns in seen.nonces.items() if now_ns - time_ns <= 2 * window_ns}
    nonces[command.nonce] = now_ns
    kept = dict(sorted(nonces.items(), key=lambda item: item[1])[-NONCES_MAX:])
    return Seen(sequences={**seen.sequences, command.sender: command.sequence}, nonces=kept)
