"""Adoption of a server that was left running on its data directory.

The record only says where to look. What answers there is believed when it says, over the given password, that it works
in this very directory, as the run that the record names; and its process is taken hold of before it is asked for the
last time.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import redis

from trueup.store.connection import StoreAddress, open_client
from trueup.store.datadir import DataDirectory, ServerRecord
from trueup.store.launch import Fsync, Identity, LaunchSettings, identify
from trueup.store.processes import ForeignProcess

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Adopted:
    """A server that proved that it serves the directory, and its process, held."""

    record: ServerRecord
    process: ForeignProcess


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the holder of the lock cannot be adopted at this moment; a later try may succeed."""

    reason: str
    is_loading: bool = False


def try_to_adopt(directory: DataDirectory, settings: LaunchSettings) -> Adopted | Refusal:
    """Take over the server that holds the lock of `directory`, or say why not.

    Never starts, stops or waits for anything beyond the time-out of one answer.
    """
    record = directory.read_record()
    if record is None:
        return Refusal("there is no record of where it listens")
    if settings.port is not None and record.port != settings.port:
        return Refusal(f"it listens on port {record.port}, and port {settings.port} was asked for")
    address = settings.address(record.port)
    try:
        process = ForeignProcess(identify(address).record.pid)
    except (redis.RedisError, OSError) as error:
        return Refusal(f"what answers on port {record.port} will not say who it is ({error})")
    try:
        # Asked again now that the process is held: the answer proves that it is the server, not a successor of its
        # number.
        identity = identify(address)
        refusal = _refusal(directory, record, identity, process)
        if refusal is None:
            _bring_settings_level(address, settings.fsync)
    except (redis.RedisError, OSError) as error:
        refusal = Refusal(f"the server on port {record.port} stopped answering ({error})")
    if refusal is not None:
        process.close()
        return refusal
    _log.warning(
        "adopted the embedded Valkey that already serves %s: process %d, port %d, run %s",
        directory.path,
        identity.record.pid,
        identity.record.port,
        identity.record.run_id,
    )
    return Adopted(identity.record, process)


def _refusal(
    directory: DataDirectory, record: ServerRecord, identity: Identity, process: ForeignProcess
) -> Refusal | None:
    answered = identity.record
    if answered.pid != process.pid:
        return Refusal("another server came up in its place while it was asked")
    if not identity.works_in(directory.path):
        return Refusal(f"the server on port {record.port} works in {identity.directory}")
    if record.run_id and record != answered:
        return Refusal(
            f"the server on port {record.port} is run {answered.run_id}, and the record names run {record.run_id}"
        )
    if identity.loading:
        return Refusal("it is still loading its data", is_loading=True)
    return None


def _bring_settings_level(address: StoreAddress, fsync: Fsync) -> None:
    """Give the adopted server the durability that was asked for, and say so where it had another."""
    with open_client(address) as client:
        for name, wanted in (("appendonly", "yes"), ("appendfsync", fsync), ("maxmemory-policy", "noeviction")):
            found = client.config_get(name).get(name)
            if found != wanted:
                client.config_set(name, wanted)
                _log.warning("the adopted server had %s = %s; it has %s now", name, found, wanted)
