"""Parameters are read as the venue reads them, and refused with its codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.wire.parameters import PARAMETERS_MAX, Parameters, decode_form, text_of


def _code(call: Any, *arguments: Any, **named: Any) -> int:
    with pytest.raises(Rejection) as caught:
        call(*arguments, **named)
    return caught.value.code


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=8))
def test_what_a_client_escapes_is_what_is_read(values: dict[str, str]) -> None:
    decoded: dict[str, str] = {}
    decode_form(urlencode(values).encode(), decoded)

    assert decoded == values


def test_a_name_sent_in_query_and_body_is_refused() -> None:
    decoded: dict[str, str] = {}
    decode_form(b"a=1", decoded)

    assert _code(decode_form, b"a=2", decoded) == -1101


def test_too_many_parameters_are_refused() -> None:
    text = "&".join(f"p{index}=1" for index in range(PARAMETERS_MAX + 1)).encode()

    assert _code(decode_form, text, {}) == -1101


def test_an_empty_value_counts_as_absent() -> None:
    parameters = Parameters({"symbol": ""})

    assert "symbol" not in parameters
    assert parameters.text("symbol") is None
    assert _code(parameters.required_text, "symbol") == -1102


@pytest.mark.parametrize("text", ["-1", "1e5", "NaN", "Infinity", ".5", "5.", " 1", "1_000", "٣", "1" * 21])
def test_a_number_that_is_not_plain_digits_is_illegal(text: str) -> None:
    assert _code(Parameters({"quantity": text}).number, "quantity") == -1100


def test_numbers_are_exact() -> None:
    parameters = Parameters({"quantity": "0.10", "limit": "7"})

    assert str(parameters.number("quantity")) == "0.10"
    assert parameters.required_number("quantity") == Decimal("0.1")
    assert parameters.required_integer("limit") == 7
    assert parameters.number("price") is None
    assert _code(parameters.required_number, "price") == -1102
    assert _code(parameters.required_integer, "fromId") == -1102
    assert _code(parameters.integer, "quantity") == -1100


@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("FALSE", False), ("False", False)])
def test_booleans_are_taken_in_any_case(text: str, value: bool) -> None:
    assert Parameters({"reduceOnly": text}).boolean("reduceOnly") is value


def test_a_value_outside_the_set_is_refused() -> None:
    parameters = Parameters({"reduceOnly": "1", "kind": "x"})

    assert _code(parameters.boolean, "reduceOnly") == -1130
    assert _code(parameters.choice, "kind", ("a", "b")) == -1130
    assert parameters.choice("absent", ("a",)) is None


def test_a_page_size_has_a_default_a_floor_and_a_ceiling() -> None:
    assert Parameters({}).bounded("limit", default=500, most=1_000) == 500
    assert Parameters({"limit": "5000"}).bounded("limit", default=500, most=1_000) == 1_000
    assert _code(Parameters({"limit": "0"}).bounded, "limit", default=500, most=1_000) == -1130


@pytest.mark.parametrize(
    ("text", "code"), [("{", -1102), ("{}", -1130), ("[]", -1130), ("[1,2,3]", -1130), ("", -1102)]
)
def test_a_list_that_is_malformed_empty_or_long_is_refused(text: str, code: int) -> None:
    assert _code(Parameters({"batchOrders": text}).json_list, "batchOrders", items_max=2) == code


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), ("a", "a"), (7, "7"), (0.1, "0.1"), (1e-7, "0.0000001"), (["a"], '["a"]')]
)
def test_a_frame_value_becomes_the_text_that_rest_would_carry(value: Any, text: str) -> None:
    assert text_of(value) == text
