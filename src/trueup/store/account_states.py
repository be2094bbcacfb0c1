"""Purge the states of an account from a node's store, which NautilusTrader itself never does.

Every update of an account is an entry of one list, and every start reads them all: 45 us each (1.231.0), 160,000 in a
day of a node that trades five times a second, 8 s of a start and 53 MB of the store for each such day. What
``purge_account_events_*`` takes from memory stays in the list even with ``purge_from_database``.
"""

from __future__ import annotations

from typing import Any, Final

from trueup.store.redis_keys import StoreKeys

STATES_SPARE: Final = 1_000
"""More than the cache holds: the node's own writer comes later than its cache, and nothing is cut for less."""


def trim_states(client: Any, keys: StoreKeys, account_id: str, kept: int) -> int:
    """Cut the middle out of an account's states: the first tells since when the node is there, the last ones count.

    Parameters
    ----------
    client : redis.Redis
        An open client; its answers are bytes.
    keys : StoreKeys
        How the node names its keys.
    account_id : str
        Whose states.
    kept : int
        How many the node's cache holds. `STATES_SPARE` more are kept.

    Returns
    -------
    int
        How many were cut; 0 where it would be no more than `STATES_SPARE`.

    Raises
    ------
    redis.RedisError
        If the store refuses or does not answer. Then nothing was cut.
    """
    key, last = keys.key(f"accounts:{account_id}"), kept + STATES_SPARE
    cut = int(client.llen(key)) - last - 1
    if cut <= STATES_SPARE:
        return 0
    first = client.lindex(key, 0)
    with client.pipeline(transaction=True) as both:
        # Counted from the end, so that what the node adds meanwhile only makes it cut less than was counted.
        both.ltrim(key, -last, -1)
        both.lpushx(key, first)
        both.execute()
    return cut
