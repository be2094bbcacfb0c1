"""What was claimed at run time, kept beside the operator's file: one small JSON file in the node's state directory."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from trueup.core.claims import Claim, Product
from trueup.errors import ConfigFileError

RECORD_FILE = "claims.json"
RECORD_VERSION = 1
RECORDS_MAX = 1_000
"""Claims that were added by hand; more are patterns that nobody wrote."""
RECORD_BYTES_MAX = 4 * 1024 * 1024


class ClaimRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one claim that was added at run time: what, for whom, by whom, when and why."""

    claimant: str
    text: str
    is_pattern: bool = False
    products: tuple[Product, ...] = ()
    client: str = ""
    who: str = ""
    reason: str = ""
    time_ns: int = 0

    @property
    def claim(self) -> Claim:
        """Return the claim."""
        return Claim(
            claimant=self.claimant,
            text=self.text,
            is_pattern=self.is_pattern,
            products=self.products,
            client=self.client,
        )

    @classmethod
    def of(cls, claim: Claim, *, who: str, reason: str, time_ns: int) -> ClaimRecord:
        """Return the record of a claim."""
        return cls(
            claimant=claim.claimant,
            text=claim.text,
            is_pattern=claim.is_pattern,
            products=claim.products,
            client=claim.client,
            who=who,
            reason=reason,
            time_ns=time_ns,
        )


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    claims: tuple[ClaimRecord, ...]


class ClaimsFile:
    """The claims of one node that were added at run time.

    Parameters
    ----------
    directory : Path
        The node's state directory; made when there is something to keep.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / RECORD_FILE

    def read(self) -> tuple[ClaimRecord, ...]:
        """Return what is kept, none where there is no file.

        Raises
        ------
        ConfigFileError
            If the file cannot be read: who owns what must not depend on a file that nobody understands.
        """
        try:
            if not self.path.exists():
                return ()
            if self.path.stat().st_size > RECORD_BYTES_MAX:
                raise ValueError(f"it is larger than {RECORD_BYTES_MAX} bytes")
            kept = msgspec.json.decode(self.path.read_bytes(), type=_Kept)
            if kept.version != RECORD_VERSION:
                raise ValueError(f"it is of version {kept.version}, and {RECORD_VERSION} is understood")
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            raise ConfigFileError(
                f"the claims that were added at run time cannot be read: {self.path}: {error}",
                allowed="what `trueup claims add` writes",
                action="put the file right from a backup, or remove it and add the claims again",
            ) from None
        return kept.claims

    def write(self, records: tuple[ClaimRecord, ...]) -> None:
        """Replace what is kept; returns when it is on the disk.

        Raises
        ------
        OSError
            If it cannot be written; the old file stands.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(_Kept(version=RECORD_VERSION, claims=records))))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        directory = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # the name of the file lives in its directory
        finally:
            os.close(directory)
