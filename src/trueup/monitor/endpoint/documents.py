"""What ``/status.json`` holds: one node's status, or those of a fleet."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from trueup.monitor.status import SCHEMA_VERSION, NodeStatus


class FleetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the statuses of several nodes, as one auditor outside of them sees them."""

    nodes: tuple[NodeStatus, ...]
    schema: int = SCHEMA_VERSION


class _Kind(msgspec.Struct):
    nodes: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    schema: int | msgspec.UnsetType = msgspec.UNSET


def encode_document(said: NodeStatus | Sequence[NodeStatus]) -> bytes:
    """Return the JSON of one status, or of a fleet: what the source gives decides, not how many there are."""
    return msgspec.json.encode(said if isinstance(said, NodeStatus) else FleetStatus(nodes=tuple(said)))


def decode_document(data: bytes) -> tuple[NodeStatus, ...]:
    """Return every status that a document holds.

    Raises
    ------
    msgspec.ValidationError, msgspec.DecodeError
        If it holds none, or is of a schema that is newer than this program.
    """
    kind = msgspec.json.decode(data, type=_Kind)
    if kind.schema is msgspec.UNSET:
        raise msgspec.ValidationError("no schema: this is not a trueup status")
    if kind.schema > SCHEMA_VERSION:
        raise msgspec.ValidationError(f"schema {kind.schema} is newer than {SCHEMA_VERSION}, which this program reads")
    if kind.nodes is msgspec.UNSET:
        return (msgspec.json.decode(data, type=NodeStatus),)
    return msgspec.json.decode(data, type=FleetStatus).nodes
