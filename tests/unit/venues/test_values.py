"""The engine's values become the model's, each distinct one once."""

from __future__ import annotations

from decimal import Decimal

from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Money, Price, Quantity

from trueup.venues import values
from trueup.venues.values import decimal_of, fee_of, instrument_name


def test_equal_values_are_one_object_and_exact() -> None:
    for value in (Quantity.from_str("0.00"), Price.from_str("-1.50"), Quantity.from_str("1.5")):
        again = type(value).from_str(str(value))
        assert str(decimal_of(value)) == str(value.as_decimal())
        assert decimal_of(value) is decimal_of(again)


def test_a_fee_has_its_currency_and_none_is_nothing() -> None:
    assert fee_of(None) == (Decimal(0), "")
    assert fee_of(Money(0, USDT)) == (Decimal(0), "USDT")
    assert fee_of(Money("-0.1", BTC)) == (Decimal("-0.1"), "BTC")
    assert fee_of(Money("-0.1", USDT))[1] == "USDT"
    assert fee_of(Money("-0.1", BTC)) is fee_of(Money("-0.1", BTC))


def test_an_instrument_has_one_name_whoever_speaks_of_it() -> None:
    name = "BTCUSDT-PERP.BINANCE"
    assert instrument_name(InstrumentId.from_str(name)) == name
    assert instrument_name(InstrumentId.from_str(name)) is instrument_name(InstrumentId.from_str(name))


def test_what_is_remembered_is_bounded() -> None:
    for number in range(values.DISTINCT_MAX + 10):
        assert decimal_of(Quantity.from_int(number)) == number
    assert len(values._decimals) <= values.DISTINCT_MAX
