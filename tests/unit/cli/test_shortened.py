"""Of hundreds of lines alike a terminal shows some, and says how many there are besides."""

from __future__ import annotations

from trueup.cli.shortened import shortened


def test_what_is_left_out_is_counted_and_nothing_is_said_where_nothing_is() -> None:
    assert shortened([], 2) == []
    assert shortened(["a", "b"], 2) == ["a", "b"]
    assert shortened(["a", "b", "c", "d"], 2) == ["a", "b", "and 2 more"]
