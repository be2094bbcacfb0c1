"""A node's store: the embedded server, its health, and what the node wrote into it.

Nothing here imports NautilusTrader, so a store is read from any process, also while no node runs.
"""

from trueup.store.connection import StoreAddress
from trueup.store.embedded import EmbeddedValkey
from trueup.store.health import RedisHealth, probe_redis
from trueup.store.reading import ProblemKind, StoreProblem, StoreReading
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader
from trueup.store.write_behind import WriteBehind, write_behind

__all__ = [
    "EmbeddedValkey",
    "ProblemKind",
    "RedisHealth",
    "RedisReader",
    "StoreAddress",
    "StoreKeys",
    "StoreProblem",
    "StoreReading",
    "WriteBehind",
    "probe_redis",
    "write_behind",
]
