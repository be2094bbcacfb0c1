"""The journal: whether there is one, whether it will be found again, whether its history can be rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity

PASSING_DIRECTORIES = ("/tmp", "/var/tmp", "/dev/shm", "/run")  # noqa: S108 - named to warn of them, not to use them


def _off(context: RuleContext) -> Iterator[Fault]:
    if not context.config.journal.enabled:
        yield Fault("journal.enabled", "false")


def _relative(context: RuleContext) -> Iterator[Fault]:
    journal = context.config.journal
    if journal.enabled and journal.file is not None and not Path(journal.file).expanduser().is_absolute():
        yield Fault("journal.url", journal.file)


def _passing(context: RuleContext) -> Iterator[Fault]:
    journal = context.config.journal
    if not journal.enabled or journal.file is None:
        return
    path = Path(journal.file).expanduser()
    if any(path.is_relative_to(directory) for directory in PASSING_DIRECTORIES):
        yield Fault("journal.url", journal.file)


def _shared_without_key(context: RuleContext) -> Iterator[Fault]:
    journal = context.config.journal
    if journal.enabled and journal.is_server and journal.secret_key is None:
        yield Fault("journal.secret_key", "not given, and the journal is on a server")


def _in_the_open(context: RuleContext) -> Iterator[Fault]:
    journal = context.config.journal
    if not journal.enabled or not journal.is_server or journal.url is None:
        return
    parts = urlsplit(journal.url)
    if parts.hostname and not _is_local(parts.hostname) and "sslmode=" not in parts.query:
        yield Fault("journal.url", f"{parts.hostname}, without sslmode")


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


JOURNAL_RULES: tuple[Rule, ...] = (
    Rule(
        "TU671",
        "journal-off",
        Severity.WARNING,
        why="After a bad night nothing tells what differed, since when, what was done about it and what the guard "
        "allowed.",
        source="trueup's journal (docs/journal.md)",
        action="Leave enabled at true; without a url it is a file in the node's state directory.",
        find=_off,
    ),
    Rule(
        "TU672",
        "journal-path-relative",
        Severity.WARNING,
        why="The file is wherever the node was started: started elsewhere it begins a second journal, and the first "
        "one is not found.",
        source="trueup resolves the path against the working directory",
        action="Give an absolute path, or leave url out.",
        find=_relative,
    ),
    Rule(
        "TU673",
        "journal-in-a-passing-directory",
        Severity.WARNING,
        why="What is there is gone after the next boot, or sooner.",
        source="Filesystem Hierarchy Standard 3.0, sections 3.15, 3.18 and 5.15",
        action="Choose a directory that is kept and backed up, such as /var/lib/trueup.",
        find=_passing,
    ),
    Rule(
        "TU674",
        "journal-unsealed-on-a-server",
        Severity.INFO,
        why="Whoever may write to the tables can rewrite history and make the chain of hashes anew; with a key that is "
        "found out.",
        source="trueup's journal (docs/journal.md): what a plain chain does not prove",
        action="Give TRUEUP_JOURNAL__SECRET_KEY, the same to every node and to whoever verifies.",
        find=_shared_without_key,
    ),
    Rule(
        "TU675",
        "journal-in-the-open",
        Severity.WARNING,
        why="libpq's default prefers TLS and accepts none: whoever sits in between can read, and change what is "
        "written.",
        source="PostgreSQL documentation, 34.19 SSL Support: sslmode=prefer",
        action="Add ?sslmode=verify-full to the URL.",
        find=_in_the_open,
    ),
)
