"""A record that is made fast is the record that ``dataclass`` makes."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace
from inspect import signature

import pytest

from trueup.model.making import made_fast, with_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    name: str
    size: int = 3
    key: tuple[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.name, self.size))


@made_fast
@dataclass(frozen=True, slots=True, kw_only=True)
class Fast:
    name: str
    size: int = 3
    key: tuple[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.name, self.size))


def test_it_is_frozen_compares_hashes_copies_and_is_pickled_as_before() -> None:
    one = Fast(name="a")
    assert type(one) is Fast
    assert (one.name, one.size, one.key) == ("a", 3, ("a", 3))
    assert repr(one) == repr(Plain(name="a")).replace("Plain", "Fast")
    assert one == Fast(name="a", size=3) != Fast(name="b")
    assert len({one, Fast(name="a")}) == 1
    assert replace(one, size=4).key == ("a", 4)
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(FrozenInstanceError):
        one.size = 4  # type: ignore[misc]  # what must not be


def test_a_changed_copy_is_what_replace_makes_and_the_original_stays() -> None:
    one = Fast(name="a")
    other = with_changes(one, size=4)
    assert (other, other.key, hash(other)) == (replace(one, size=4), ("a", 4), hash(Fast(name="a", size=4)))
    assert (one, one.key) == (Fast(name="a", size=3), ("a", 3))
    with pytest.raises(FrozenInstanceError):
        other.size = 5  # type: ignore[misc]  # what must not be
    with pytest.raises(AttributeError):
        with_changes(one, shape=1)
    with pytest.raises(KeyError):
        with_changes(Plain(name="a"), size=4)


def test_it_takes_what_it_took() -> None:
    assert [*signature(Fast).parameters] == [*signature(Plain).parameters]
    assert Fast.__init__.__annotations__ == Plain.__init__.__annotations__
    for wrong in ({}, {"name": "a", "shape": 1}, {"name": "a", "key": ()}):
        with pytest.raises(TypeError):
            Fast(**wrong)
    with pytest.raises(TypeError):
        Fast("a")  # type: ignore[call-arg]  # what must not be


def test_what_is_no_plain_record_is_refused() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Grown:
        names: list[str] = field(default_factory=list)

    with pytest.raises(TypeError, match="Grown"):
        made_fast(Grown)
    with pytest.raises(TypeError, match="Derived"):

        @made_fast
        @dataclass(frozen=True, slots=True, kw_only=True)
        class Derived(Plain):
            more: int = 0
