"""What ``trueup guard`` does: reach the live node through its store, or the stopped one through its state directory."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path

from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.errors import StoreUnavailableError, TrueupError
from trueup.guard.book import Hold, Source
from trueup.guard.control import ACK_SECS_MAX, Ack, AckOutcome, Heard, user_name
from trueup.guard.message import REASON_CHARS_MAX, RefusalReason
from trueup.guard.operator import operator_control
from trueup.guard.record import GuardFile, GuardRecord, stopped_change
from trueup.journal.configured import place_of, settings_of, state_dir_of
from trueup.journal.journal import Journal
from trueup.journal.values import Entry, EntryKind
from trueup.journal.values import Source as Writer
from trueup.model.guard import GuardState

_logger = logging.getLogger("trueup.guard")

EXIT_DONE = 0
EXIT_REFUSED = 1
EXIT_CANNOT_RUN = 2
EXIT_NO_ANSWER = 3

HISTORY_KEPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded:
    """Hold what came of one command: the exit code, the line for the operator, and the answer of a live node."""

    exit_code: int
    line: str
    ack: Ack | None = None


class GuardDesk:
    """Command the guard of the node that one file configures.

    Parameters
    ----------
    config : LiveTradingNodeConfig
        The file.
    timeout_secs : float
        How long to wait for a live node's answer.
    """

    def __init__(self, config: LiveTradingNodeConfig, *, timeout_secs: float = ACK_SECS_MAX) -> None:
        self._config = config
        self._who = user_name()
        self.directory: Path = state_dir_of(config)
        self._file = GuardFile(self.directory)
        self._control = operator_control(config, who=self._who, timeout_secs=timeout_secs)

    def heard(self) -> Heard | None:
        """Return what the live node says of itself; None if none does.

        Raises
        ------
        StoreUnavailableError
            If the store does not answer.
        """
        return None if self._control is None else self._control.status()

    def record(self) -> GuardRecord:
        """Return what the stopped node's state directory holds."""
        return self._file.read()

    def command(self, state: GuardState, reason: str, *, force: bool = False) -> Commanded:
        """Bring a wish to the node, alive or not, and to the journal.

        Parameters
        ----------
        state : GuardState
            What is wanted; ``ACTIVE`` releases.
        reason : str
            Why.
        force : bool
            Release although nothing is proven.
        """
        done = self._command(state, reason.strip()[:REASON_CHARS_MAX], force=force)
        self._journal(state, reason, done)
        return done

    def _command(self, state: GuardState, reason: str, *, force: bool) -> Commanded:
        try:
            if self._control is not None and self._control.status() is not None:
                done = _of_ack(self._control.demand(state, reason, force=force))
                return self._or_for_later(done, state, reason)
            lost = ""
        except StoreUnavailableError as error:
            lost = error.found
        with self._file.claimed() as is_stopped:
            if not is_stopped:
                why = lost or "no word of it is in the store" * (self._control is not None) or "it has no store"
                line = f"NO ANSWER: the node of {self.directory} is alive and cannot be reached: {why}"
                return Commanded(exit_code=EXIT_NO_ANSWER, line=line)
            is_new = not self._file.path.exists()
            self._write_down(state, reason)
        line = f"noted for the next start in {self._file.path}: {_wish(state)}"
        if is_new:
            line += "; no node has left a record there yet, so make sure that this is the node's machine"
        if lost:
            line = f"NO ANSWER: {lost}, so a node that lives on another machine hears nothing; {line}"
        return Commanded(exit_code=EXIT_NO_ANSWER if lost else EXIT_DONE, line=line)

    def _or_for_later(self, done: Commanded, state: GuardState, reason: str) -> Commanded:
        """Let a halt that nobody acknowledged hold from the next start on, where the node that was here has died."""
        if done.exit_code != EXIT_NO_ANSWER or state is GuardState.ACTIVE or not self._file.path.exists():
            return done
        with self._file.claimed() as is_stopped:
            if not is_stopped:
                return done
            self._write_down(state, reason)
        line = f"{done.line}; no node lives on this machine, so it is noted for the next start in {self._file.path}"
        return replace(done, line=line)

    def _write_down(self, state: GuardState, reason: str) -> None:
        now_ns = time.time_ns()
        record = self._file.read()
        hold = None
        if state is not GuardState.ACTIVE:
            hold = Hold(state=state, reason=reason, who=self._who, time_ns=now_ns)
        said = reason if hold else f"released before the start: {reason}"
        change = stopped_change(hold, Source.OPERATOR, said, self._who, now_ns)
        self._file.write(
            GuardRecord(
                operator=hold,
                auditors=record.auditors if hold else (),
                history=(*record.history, change)[-HISTORY_KEPT:],
                sequences=record.sequences,
                nonces=record.nonces,
            )
        )

    def _journal(self, state: GuardState, reason: str, done: Commanded) -> None:
        """Record the command in a chain of its own; a journal that fails does not undo a halt."""
        journal = self._config.journal
        if not journal.enabled:
            return
        entry = Entry(
            kind=EntryKind.GUARD,
            time_ns=time.time_ns(),
            line=f"{self._who} asked for {state}: {reason}; {done.line}",
            topic=Source.OPERATOR.value,
            state=state.value,
            severity="INFO" if state is GuardState.ACTIVE else "WARNING",
            data={"who": self._who, "exit_code": done.exit_code},
        )
        try:
            settings = settings_of(journal, state_dir=self.directory, secrets=self._config.secret_texts())
            writer = Journal.open(
                place_of(journal, self.directory),
                source=Writer(trader_id=self._config.trader_id, role="guard"),
                settings=settings,
            )
            writer.append(entry)
            if not writer.close():
                _logger.warning("the command is not in the journal: %s", writer.status().error or "it was too slow")
        except (TrueupError, OSError) as error:
            _logger.warning("the command is not in the journal: %s", error)


def _wish(state: GuardState) -> str:
    return "released" if state is GuardState.ACTIVE else f"{state} until an operator releases it"


def _of_ack(ack: Ack) -> Commanded:
    code = {AckOutcome.APPLIED: EXIT_DONE, AckOutcome.REFUSED: EXIT_REFUSED}.get(ack.outcome, EXIT_NO_ANSWER)
    if ack.outcome is AckOutcome.NO_ANSWER and ack.code in (RefusalReason.NO_KEY, RefusalReason.FORGED):
        code = EXIT_CANNOT_RUN
    return Commanded(exit_code=code, line=str(ack), ack=ack)
