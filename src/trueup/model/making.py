"""Make frozen records as fast as plain objects are made: a cold start over 50,000 orders makes half a million."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

_CHANGED: dict[type, Callable[[Any, dict[str, Any]], Any]] = {}
"""By record: what makes a copy of one with some fields changed."""


def made_fast[T](record: type[T]) -> type[T]:
    """Give a slotted frozen dataclass an ``__init__`` that fills the slots before the record is frozen.

    The one that ``dataclass`` writes must go around its own refusal to assign, once for each field: 3.7 us for an
    `OrderRecord` of 21 fields, against 1.3 (Python 3.12). Here an instance is of a twin class, with the
    same slots and no refusal, until its fields are set. Nobody else has it until then.

    Raises
    ------
    TypeError
        If the class has a base, a factory of defaults or positional fields: it is none of the records.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @made_fast
    ... @dataclass(frozen=True, slots=True, kw_only=True)
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(x=1)
    Point(x=1, y=0)
    """
    slots = record.__slots__  # type: ignore[attr-defined]  # only slotted classes come here
    taken = [one for one in fields(record) if one.init]  # type: ignore[arg-type]  # a dataclass
    if record.__bases__ != (object,) or any(one.default_factory is not MISSING or not one.kw_only for one in taken):
        raise TypeError(f"{record.__name__} is not made of named plain fields alone")
    names: dict[str, Any] = {
        "become": object.__setattr__,
        "new": object.__new__,
        "Twin": type(f"{record.__name__}Twin", (), {"__slots__": slots}),
        "Record": record,
    }
    names |= {f"default_{one.name}": one.default for one in taken}
    parameters = [one.name if one.default is MISSING else f"{one.name}=default_{one.name}" for one in taken]
    lines = [
        f"def __init__(self, *, {', '.join(parameters)}):",
        "    become(self, '__class__', Twin)",
        *(f"    self.{one.name} = {one.name}" for one in taken),
        "    self.__class__ = Record",
    ]
    copying = [
        "def changed(held, changes):",
        "    self = new(Twin)",
        *(f"    self.{one.name} = held.{one.name}" for one in taken),
        "    for name in changes:",
        "        become(self, name, changes[name])",
        "    self.__class__ = Record",
    ]
    for written in (lines, copying):
        if hasattr(record, "__post_init__"):
            written.append("    self.__post_init__()")
    copying.append("    return self")
    exec("\n".join(lines + copying), names)  # noqa: S102 - the names are those of the class's own fields
    _CHANGED[record] = names["changed"]
    init = names["__init__"]
    init.__annotations__ = record.__init__.__annotations__
    init.__qualname__ = f"{record.__qualname__}.__init__"
    record.__init__ = init  # type: ignore[method-assign]  # what this is for
    return record


def with_changes[T](record: T, **changes: Any) -> T:
    """Return a copy of a record that is `made_fast`, with the fields given.

    ``dataclasses.replace`` does the same in about three times the time (seven of the 21 fields of an `OrderRecord`,
    Python 3.12).
    """
    copied: T = _CHANGED[type(record)](record, changes)
    return copied
