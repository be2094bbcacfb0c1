"""The messages between a node's guard and who commands it: canonical, signed, addressed, short-lived.

A command is the guard's own; a request is for another part of the node that is to be reached as safely (its claims).
Both are signed, admitted and answered alike.

A message is ``<64 hexadecimal digits of HMAC-SHA256>.<canonical JSON>``. The MAC is over the purpose of the message and
the very bytes that were received, and is checked before anything is parsed: without the key nobody reaches a parser.
The JSON must be the one spelling that this module itself would write, so one message has one form.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from enum import StrEnum

import msgspec

from trueup.guard.book import Source
from trueup.model.guard import GuardState
from trueup.model.verdicts import VerdictState
from trueup.monitor.status import GuardStatus

MESSAGE_BYTES_MAX = 4_096
"""Of a command and its answer. A reason has 500 characters at most, everything else is short."""
STATUS_BYTES_MAX = 65_536
"""Of what a node says of itself, history included."""
REPLY_BYTES_MAX = 262_144
"""Of what comes back to a request: a list of 1,000 claims takes 200 kB."""
ARGUMENTS_MAX = 10
ARGUMENT_CHARS_MAX = 500
REASON_CHARS_MAX = 500
NAME_CHARS_MAX = 120
NONCE_CHARS = 32
MAC_CHARS = 64
VERSION = "trueup-guard-1"


class Purpose(StrEnum):
    """What a message is; part of what is signed, so that none passes for another."""

    COMMAND = "command"
    ANSWER = "answer"
    STATUS = "status"
    REQUEST = "request"
    REPLY = "reply"


class Act(StrEnum):
    """What a command asks for."""

    HALT = "halt"
    REDUCE = "reduce"
    RELEASE = "release"

    @property
    def state(self) -> GuardState:
        """Return the state that it wants."""
        return _STATE_OF[self]


_STATE_OF = {Act.HALT: GuardState.HALTED, Act.REDUCE: GuardState.REDUCING, Act.RELEASE: GuardState.ACTIVE}


class Signed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold what every message to a node says of itself.

    Parameters
    ----------
    trader_id, instance_id : str
        The one process that it is for.
    sender : str
        The one place that counts ``sequence``.
    sequence : int
        Grows with every message of a sender, over its restarts too.
    nonce : str
        32 random hexadecimal digits, never used again.
    issued_ns : int
        The sender's clock, in nanoseconds since the epoch.
    source : Source
        ``operator`` or ``auditor``.
    who : str
        The person or program.
    """

    trader_id: str
    instance_id: str
    sender: str
    sequence: int
    nonce: str
    issued_ns: int
    source: Source
    who: str


class Command(Signed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask a node's guard for something.

    Parameters
    ----------
    act : Act
        What is asked.
    reason : str
        Why.
    verdict : VerdictState or None
        What the sender itself found of the account, where it looked.
    force : bool
        Release although nothing is proven.
    """

    act: Act
    reason: str
    verdict: VerdictState | None = None
    force: bool = False


class Request(Signed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask another part of a node for something.

    Parameters
    ----------
    topic : str
        The part, such as ``claims``.
    act : str
        What is asked of it.
    arguments : dict of str to str
        What belongs to it.
    """

    topic: str
    act: str
    arguments: dict[str, str]


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what became of a request: done, with data, or not, with a code and why."""

    nonce: str
    instance_id: str
    done: bool
    code: str = ""
    why: str = ""
    data: object = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what became of a command: ``applied``, or ``refused`` with a code and why."""

    nonce: str
    instance_id: str
    applied: bool
    state: GuardState
    effective: str
    code: str = ""
    why: str = ""


class RefusalReason(StrEnum):
    """Why a message was not obeyed; the label under which it is counted."""

    OVERSIZED = "oversized"
    MALFORMED = "malformed"
    FORGED = "forged"
    NO_KEY = "no_key"
    OTHER_TRADER = "other_trader"
    OTHER_INSTANCE = "other_instance"
    STALE = "stale"
    REPLAYED = "replayed"
    TOO_MANY_SENDERS = "too_many_senders"
    NOT_ALLOWED = "not_allowed"
    CANNOT_ACT = "cannot_act"


class MessageRefusedError(Exception):
    """A message that is not obeyed; never leaves the guard. ``is_authentic`` says whether its sender has the key."""

    def __init__(self, code: RefusalReason, why: str, *, is_authentic: bool = False) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.is_authentic = is_authentic


def seal(key: bytes | None, purpose: Purpose, message: msgspec.Struct) -> bytes:
    """Return a message in its canonical form, signed; unsigned (a MAC of zeros) without a key."""
    body = msgspec.json.encode(message)
    return (_mac(key, purpose, body) if key else "0" * MAC_CHARS).encode() + b"." + body


class NodeWord(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself every second, for who wants to command it. Later versions may say more."""

    trader_id: str
    instance_id: str
    time_ns: int
    phase: str
    verdict: str
    takes_commands: bool
    guard: GuardStatus


def unseal[M: msgspec.Struct](key: bytes, purpose: Purpose, blob: bytes, form: type[M], bytes_max: int) -> M:
    """Return the message in a blob whose sender has the key.

    Raises
    ------
    MessageRefusedError
        ``OVERSIZED``, ``FORGED`` or ``MALFORMED``.
    """
    if len(blob) > bytes_max:
        raise MessageRefusedError(RefusalReason.OVERSIZED, f"it is larger than {bytes_max} bytes")
    mac, dot, body = blob[:MAC_CHARS], blob[MAC_CHARS : MAC_CHARS + 1], blob[MAC_CHARS + 1 :]
    if dot != b"." or not hmac.compare_digest(mac, _mac(key, purpose, body).encode()):
        raise MessageRefusedError(RefusalReason.FORGED, "its signature is not made with the control key")
    return parse(body, form, canonical=purpose is not Purpose.STATUS)


def parse[M: msgspec.Struct](body: bytes, form: type[M], *, canonical: bool = True) -> M:
    """Return the message of a body, if it is in its canonical form where that is asked for.

    Raises
    ------
    MessageRefusedError
        ``MALFORMED``.
    """
    try:
        message = msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise MessageRefusedError(RefusalReason.MALFORMED, f"it cannot be read: {error}", is_authentic=True) from None
    if canonical and msgspec.json.encode(message) != body:
        raise MessageRefusedError(RefusalReason.MALFORMED, "it is not in its canonical form", is_authentic=True)
    return message


def body_of(blob: bytes) -> bytes:
    """Return what follows the MAC, unchecked: for a reader without the key, who may believe it or not."""
    return blob[MAC_CHARS + 1 :]


def check_form(command: Command | Request) -> None:
    """Refuse a message whose fields are beyond their bounds.

    Raises
    ------
    MessageRefusedError
        ``MALFORMED``.
    """
    names = (command.trader_id, command.instance_id, command.sender, command.who)
    found = ""
    if any(not 0 < len(name) <= NAME_CHARS_MAX for name in names):
        found = f"a name in it is empty or longer than {NAME_CHARS_MAX} characters"
    elif len(command.nonce) != NONCE_CHARS or not set(command.nonce) <= set("0123456789abcdef"):
        found = f"its nonce is not {NONCE_CHARS} hexadecimal digits"
    elif (
        isinstance(command, Command) and not 0 < len(command.reason.strip()) <= len(command.reason) <= REASON_CHARS_MAX
    ):
        found = f"its reason is empty or longer than {REASON_CHARS_MAX} characters"
    elif isinstance(command, Request) and not _is_bounded(command):
        found = "its topic, its act or its arguments are beyond their bounds"
    elif command.source not in (Source.OPERATOR, Source.AUDITOR):
        found = f"{command.source} cannot command a guard"
    elif command.sequence < 1 or command.issued_ns < 1:
        found = "its sequence or its time is not positive"
    if found:
        raise MessageRefusedError(RefusalReason.MALFORMED, found, is_authentic=True)


def _is_bounded(request: Request) -> bool:
    texts = (request.topic, request.act, *request.arguments, *request.arguments.values())
    return len(request.arguments) <= ARGUMENTS_MAX and all(len(text) <= ARGUMENT_CHARS_MAX for text in texts)


def new_nonce() -> str:
    """Return a nonce: 128 random bits."""
    return secrets.token_hex(NONCE_CHARS // 2)


def _mac(key: bytes, purpose: Purpose, body: bytes) -> str:
    return hmac.new(key, f"{VERSION}/{purpose}\n".encode() + body, hashlib.sha256).hexdigest()
