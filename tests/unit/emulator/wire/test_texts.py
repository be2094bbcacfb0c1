"""Decimals are written as ``format`` would write them, only faster."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from trueup.emulator.wire.forms.texts import column, fixed, plain


@given(
    digits=st.integers(-(10**20), 10**20).filter(bool),
    exponent=st.integers(-16, 4),
    decimals=st.integers(0, 12),
)
@example(digits=5, exponent=0, decimals=3)
@example(digits=5, exponent=-1, decimals=3)
@example(digits=-1, exponent=-9, decimals=8)
@example(digits=12, exponent=2, decimals=0)
def test_a_text_has_exactly_the_wanted_decimals(digits: int, exponent: int, decimals: int) -> None:
    value = Decimal(digits).scaleb(exponent)

    assert fixed(value, decimals) == format(value, f".{decimals}f")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8))
def test_a_plain_text_is_the_value_without_exponent_or_trailing_zeros(value: Decimal) -> None:
    text = plain(value)

    assert Decimal(text) == value
    assert "E" not in text
    assert "." not in text or text[-1] not in "0."


@given(
    st.lists(
        st.builds(
            lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(-9_999, 9_999), st.integers(-9, 2)
        )
    ),
    st.integers(0, 8),
    st.none() | st.just("nothing"),
)
def test_a_column_is_written_as_each_of_its_numbers_alone(
    values: list[Decimal], decimals: int, zero: str | None
) -> None:
    expected = [fixed(value, decimals) if value or zero is None else zero for value in values]

    assert column(values, decimals, zero) == expected
    for value, text in zip(values, expected, strict=True):
        assert column([value] * 3, decimals, zero) == [text] * 3
