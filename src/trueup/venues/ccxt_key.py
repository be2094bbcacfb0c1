"""What a key may do, as far as the venue tells it: an auditor's may read and nothing else."""

from __future__ import annotations

from trueup.errors import VenueError
from trueup.venues.ccxt_client import CcxtClient

_RIGHTS = {"enableFutures": "trade futures", "enableWithdrawals": "withdraw", "enableInternalTransfer": "transfer"}


async def key_notes(client: CcxtClient) -> tuple[str, ...]:
    """Return what the operator should know of the key, one sentence each.

    Binance tells a key's permissions on its live spot interface alone; the futures interface tells the account's
    (``canTrade``), whatever the key.
    """
    if not client.settings.is_public_venue:
        return ("what the key may do cannot be asked here: only the live venue's spot interface tells it",)
    try:
        may = await client.get("key permissions", "sapiGetAccountApiRestrictions")
    except VenueError as error:
        return (f"what the key may do could not be asked ({error.found})",)
    held = [words for name, words in _RIGHTS.items() if may.get(name) in (True, "true")]
    notes = [f"the auditor's key may {', '.join(held)}: give it one that may only read"] if held else []
    if may.get("ipRestrict") in (False, "false"):
        notes.append("the auditor's key may be used from any address: bind it to this machine's at the venue")
    return tuple(notes)
