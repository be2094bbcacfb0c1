"""What an operator types, and how texts are spelt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trueup.config.sight.journal import JournalConfig
from trueup.errors import ConfigValueError
from trueup.journal import filters
from trueup.journal.export import safe_cell
from trueup.journal.place import Place
from trueup.journal.rows import iso
from trueup.journal.settings import JournalSettings
from trueup.journal.spelling import DATA_BYTES_MAX, LINE_CHARS_MAX, Spelling
from trueup.journal.values import Entry, EntryKind, Source

NOW = 1_795_000_000_123_456_789


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("/srv/j.sqlite3", Place(path=Path("/srv/j.sqlite3"))),
        ("sqlite:////srv/j.sqlite3", Place(path=Path("/srv/j.sqlite3"))),
        (
            "postgresql://u@db:5433/j?sslmode=verify-full",
            Place(server="postgresql+psycopg://u@db:5433/j?sslmode=verify-full"),
        ),
        ("postgresql+psycopg://db/j", Place(server="postgresql+psycopg://db/j")),
    ],
)
def test_a_place_is_a_path_or_a_servers_url(text: str, place: Place) -> None:
    assert Place.parse(text) == place


@pytest.mark.parametrize(
    "text", ["", "  ", "mysql://db/j", "sqlite://", "sqlite:///:memory:", "postgresql://u:hush@db/j", "http://[::1"]
)
def test_another_place_is_refused_and_its_password_is_not_repeated(text: str) -> None:
    with pytest.raises(ConfigValueError) as caught:
        Place.parse(text)
    assert "hush" not in str(caught.value)


def test_a_password_is_in_no_text_of_a_place_or_of_the_settings() -> None:
    place = Place.parse("postgresql://u@db/j", "hush")
    settings = JournalSettings(key=b"hush" * 8, secrets=("hush",))
    assert "hush" not in f"{place} {place!r} {settings!r} {settings.seal!r}"
    assert place.url.password == "hush"


@pytest.mark.parametrize(
    "section",
    [
        {"url": "postgresql://u:p@db/j"},
        {"url": "mysql://db/j"},
        {"url": "postgresql://[db/j"},
        {"secret_key": "short"},
        {"password": "p" * 20},
        {"instance": "a b"},
        {"rows_max": 10},
        {"heartbeat_secs": 1},
    ],
)
def test_a_section_that_cannot_work_is_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(section))) as caught:
        JournalConfig(**section)
    assert "pppp" not in str(caught.value)


@pytest.mark.parametrize("source", [{"trader_id": ""}, {"trader_id": "a/b"}, {"trader_id": "T", "role": "../x"}])
def test_a_writers_name_that_could_be_a_path_is_refused(source: dict[str, str]) -> None:
    with pytest.raises(ConfigValueError, match="writer"):
        Source(**source)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - 90 * 10**9),
        ("2h", NOW - 7_200 * 10**9),
        ("1970-01-02", 86_400 * 10**9),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.000001", 1_000),
    ],
)
def test_a_time_is_a_date_or_how_long_ago(text: str, expected: int) -> None:
    assert filters.time_ns_of(text, NOW, "--since") == expected


@given(st.integers(0, 2**62).map(lambda number: number // 1_000 * 1_000))
def test_a_time_that_is_printed_is_read_again_to_the_microsecond(time_ns: int) -> None:
    assert filters.time_ns_of(iso(time_ns), NOW, "--since") == time_ns


@pytest.mark.parametrize("text", ["yesterday", "", "5x", "2026-13-01", "-1h"])
def test_what_is_no_time_is_refused_with_what_is_one(text: str) -> None:
    with pytest.raises(ConfigValueError, match="--since") as caught:
        filters.time_ns_of(text, NOW, "--since")
    assert "2h" in caught.value.allowed


def test_a_misspelt_word_is_refused_with_the_one_that_was_meant() -> None:
    assert filters.words_of(["fill-missing", "verdict"], filters.KINDS, "--kind") == ("FILL_MISSING", "VERDICT")
    with pytest.raises(ConfigValueError) as caught:
        filters.words_of(["FIL_MISSING"], filters.KINDS, "--kind")
    assert caught.value.action == "did you mean FILL_MISSING?"
    with pytest.raises(ConfigValueError, match="fingerprint"):
        filters.fingerprint_of("xyz", "--fingerprint")


@given(st.text(alphabet=st.characters(exclude_categories=())), st.integers(1, 40))
def test_every_text_becomes_one_that_any_database_and_any_terminal_takes(text: str, chars_max: int) -> None:
    spelt = Spelling().text(text, chars_max)
    assert len(spelt) <= chars_max
    assert spelt.isprintable()
    spelt.encode()


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(alphabet=st.characters(exclude_categories=())),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
        max_leaves=10,
    )
)
def test_whatever_data_are_they_become_json_text_and_the_journals_own_fields_are_there(value: object) -> None:
    text = Spelling().data({"value": value}, {"record": {"looks": 1}})
    assert orjson.loads(text)["record"] == {"looks": 1}
    assert "\x00" not in text


def test_data_beyond_the_bound_are_cut_and_the_journals_own_fields_are_not() -> None:
    text = Spelling().data({"value": "x" * 2 * DATA_BYTES_MAX}, {"record": {"looks": 1}})
    found = orjson.loads(text)
    assert len(text) < DATA_BYTES_MAX
    assert found["record"] == {"looks": 1}
    assert found["cut_from_bytes"] > DATA_BYTES_MAX


@pytest.mark.parametrize("secret", ["plain-secret", 'with"quote\\and backslash', "ümläut-secret"])
def test_a_secret_is_blanked_out_of_lines_and_of_data(secret: str) -> None:
    spelling = Spelling([secret, ""])
    entry = Entry(kind=EntryKind.PROBLEM, time_ns=1, line=f"a {secret} b", subject=secret)
    spelt = spelling.entry(entry)
    assert (spelt.line, spelt.subject) == ("a *** b", "***")
    data = spelling.data({"text": f"<{secret}>", "deep": [{"more": secret}]})
    assert orjson.loads(data) == {"text": "<***>", "deep": [{"more": "***"}]}


def test_a_long_line_is_cut_where_a_person_sees_it() -> None:
    assert len(Spelling().text("x" * 1_000, LINE_CHARS_MAX)) == LINE_CHARS_MAX
    assert Spelling().text("x" * 1_000, LINE_CHARS_MAX).endswith("…")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(cell: str) -> None:
    assert safe_cell(cell) == "'" + cell
    assert safe_cell(-1) == -1
    assert safe_cell("order =1") == "order =1"
