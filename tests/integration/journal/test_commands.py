"""``trueup journal`` as an operator uses it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import orjson
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # pyarrow ships no types
import pytest

from tests.integration.journal.contract import tamper
from tests.integration.journal.samples import NOW, SECOND, WATCH, change, verdict, write
from trueup.cli.app import main
from trueup.journal import Place
from trueup.journal.json_schema import json_schema

KEY = "a key that is long enough"
FORMULA = "=HYPERLINK(1)"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a journal: a node's chain and an auditor's."""
    found = Place(path=tmp_path_factory.mktemp("journal") / "journal.sqlite3")
    lives = [change(number, state) for number in (1, 2, 300) for state in ("NEW", "RESOLVED")]
    more = [change(300, time_ns=NOW + 400 * SECOND), change(4, line=FORMULA, severity="INFO")]
    write(found, [verdict(0), *lives, *more])
    write(found, [change(4), verdict(5, "DISCREPANT")], source=WATCH)
    return found


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    return Run(monkeypatch, capsysbinary)


class Run:
    """Run ``trueup journal`` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[bytes]) -> None:
        self._monkeypatch, self._captured = monkeypatch, captured

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["trueup", "journal", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._captured.readouterr()
        if "--json" in arguments and out:
            jsonschema.validate(json.loads(out), json_schema())
        return int(ended.value.code or 0), out.decode(errors="replace"), err.decode()


def test_a_list_has_the_lately_changed_first_and_is_narrowed_down_by_filters(run: Run, place: Place) -> None:
    code, out, _ = run("list", place)
    assert code == 0
    assert [line.split()[2] for line in out.splitlines()[1:]][:1] == ["NEW"]
    rows = json.loads(run("list", place, "--json")[1])
    assert [row["fingerprint"][-3:] for row in rows] == ["12c", "004", "004", "002", "001"]
    assert rows[0]["occurrences"] == 2
    assert rows[0]["last"].startswith("20")
    standing = json.loads(run("list", place, "--open", "--chain", "node/T-1", "--json")[1])
    assert [row["fingerprint"][-3:] for row in standing] == ["12c", "004"]
    by_words = json.loads(
        run("list", place, "--state", "resolved", "--severity", "critical", "--limit", "1", "--json")[1]
    )
    assert [row["state"] for row in by_words] == ["RESOLVED"]
    verdicts = json.loads(run("list", place, "--entries", "--kind", "verdict", "--until", "1s", "--json")[1])
    assert {row["data"]["coverage"]["FILLS"] for row in verdicts} == {"complete"}
    assert run("list", place, "--since", "2100-01-01")[1].strip() == "no discrepancy"
    assert "verdict" in run("list", place, "--entries")[1].lower()


def test_one_discrepancy_is_shown_with_its_history_and_one_entry_with_its_data(run: Run, place: Place) -> None:
    code, out, _ = run("show", place, f"{300:016x}")
    assert code == 0
    assert "came up        2 times" in out
    assert out.count("node/T-1:") == 3
    data = json.loads(run("show", place, f"{300:016x}", "--json")[1])
    assert [entry["state"] for entry in data["entries"]] == ["NEW", "RESOLVED", "NEW"]
    code, out, _ = run("show", place, "node/T-1:1")
    assert '"FILLS": "complete"' in out
    assert "hash" in out
    code, _, err = run("show", place, "0000")
    assert code == 2
    assert "give more digits" in err
    assert run("show", place, "ffff")[0] == 2
    assert run("show", place, "node/T-1:99")[0] == 2


def test_a_proof_exits_with_0_when_whole_and_with_1_when_something_was_done_to_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(path=tmp_path / "j.sqlite3")
    write(place, [verdict(number) for number in range(10)], key=KEY.encode())
    code, _, err = run("verify", place)
    assert code == 2
    assert "TRUEUP_JOURNAL__SECRET_KEY" in err
    monkeypatch.setenv("TRUEUP_JOURNAL__SECRET_KEY", KEY)
    code, out, _ = run("verify", place)
    assert code == 0
    assert "whole, and it agrees with 1 anchor" in out
    (kept,) = [line.split()[1] for line in out.splitlines() if line.strip().startswith("head")]
    monkeypatch.setenv("TRUEUP_JOURNAL__SECRET_KEY", "short")
    assert run("verify", place)[0] == 2
    monkeypatch.setenv("TRUEUP_JOURNAL__SECRET_KEY", KEY)
    assert run("verify", place, "--anchor", "nonsense")[0] == 2
    for anchor in tmp_path.glob("*.head"):
        anchor.unlink()
    tamper(
        place,
        "DELETE FROM entries WHERE sequence > 7; UPDATE chains SET head_sequence = 7, head_hash ="
        " (SELECT hash FROM entries WHERE sequence = 7)",
    )
    assert run("verify", place)[0] == 0, "without an anchor nothing shows it, and that is said"
    code, out, _ = run("verify", place, "--anchor", kept)
    assert code == 1
    assert "TRUNCATED" in out
    tamper(place, "UPDATE entries SET line = 'x' WHERE sequence = 3")
    code, out, _ = run("verify", place, "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["whole"], found["faults"][0]["code"], found["faults"][0]["sequence"]) == (False, "ALTERED", 3)


def test_an_export_is_whole_or_not_there_in_every_form(run: Run, place: Place, tmp_path: Path) -> None:
    code, out, _ = run("export", place, "--format", "csv", "--what", "discrepancies")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert len(rows) == 5
    assert "'" + FORMULA in {row["line"] for row in rows}, "no spreadsheet may run it"
    assert {row["is_open"] for row in rows} == {"True", "False"}

    file = tmp_path / "entries.parquet"
    assert run("export", place, "-o", file)[0] == 0
    table = pq.read_table(file)
    assert table.num_rows == 11
    assert str(table.schema.field("time_ns").type) == "int64"
    assert FORMULA in table.column("line").to_pylist(), "as it is, where nothing runs it"

    before = file.read_bytes()
    code, _, err = run("export", place, "-o", file)
    assert code == 2
    assert "--force" in err
    assert file.read_bytes() == before
    assert run("export", place, "-o", file, "--force", "--kind", "verdict")[0] == 0
    assert pq.read_table(file).num_rows == 2

    assert run("export", place, "-o", tmp_path / "e.jsonl", "--chain", "watch/T-1")[0] == 0
    lines = [orjson.loads(line) for line in (tmp_path / "e.jsonl").read_bytes().splitlines()]
    assert [line["chain"] for line in lines] == ["watch/T-1"] * 2
    for line in lines:
        jsonschema.validate(line, json_schema())
    assert lines[0]["data"]["record"]["occurrences"] == 1
    assert run("export", place, "-o", tmp_path / "e.txt")[0] == 2
    assert run("export", place, "-o", tmp_path / "none" / "e.csv")[0] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.jsonl", "entries.parquet"], (
        "nothing half-done is left"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "{dir}/none.sqlite3"], "there is no journal at"),
        (["list", "{dir}/text.sqlite3"], "is not a journal"),
        (["list", "{dir}/empty.sqlite3"], "it is empty"),
        (["verify", "{dir}/none.toml"], "none.toml"),
        (["list", "{dir}/off.toml"], "keeps no journal"),
        (["list", "{dir}/wrong.toml"], "journal.rows_max"),
        (["list", "mysql://db/journal"], "cannot be kept in 'mysql'"),
        (["list", "postgresql://u:hush@db/journal"], "password"),
        (["list", "{journal}", "--kind", "FIL_MISSING"], "did you mean FILL_MISSING?"),
        (["list", "{journal}", "--since", "yesterday"], "--since"),
        (["list", "{journal}", "--fingerprint", "xyz"], "--fingerprint"),
        (["list", "{journal}", "--state", "SHUT"], "--state"),
        (["list", "{journal}", "--limit", "0"], "limit"),
    ],
)
def test_what_cannot_run_says_why_and_exits_with_2(
    run: Run, place: Place, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "text.sqlite3").write_text("not a database")
    (tmp_path / "empty.sqlite3").touch()
    (tmp_path / "off.toml").write_text("[journal]\nenabled = false\n")
    (tmp_path / "wrong.toml").write_text("[journal]\nrows_max = 1\n")
    code, _, err = run(*[one.format(dir=tmp_path, journal=place) for one in arguments])
    assert code == 2
    assert said in err
    assert "hush" not in err
    assert "Traceback" not in err


def test_a_configuration_leads_to_its_journal_though_the_venues_key_is_not_set_here(
    run: Run, place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "trueup.toml"
    file.write_text(
        f'trader_id = "T-1"\n[journal]\nurl = "{place}"\n[clients.BINANCE]\ntype = "binance_usdm"\n'
        'environment = "testnet"\ninstrument_ids = ["BTCUSDT-PERP.BINANCE"]\napi_key = "${NO_SUCH_VARIABLE}"\n'
    )
    code, out, err = run("list", file, "--json")
    assert code == 0, err
    assert len(json.loads(out)) == 5
    assert run("verify", place.path.parent if place.path else "")[0] == 0, "a directory leads to the journal in it"


def test_whoever_has_read_enough_may_go(place: Place, tmp_path: Path) -> None:
    big = Place(path=tmp_path / "big.sqlite3")
    write(big, [verdict(number) for number in range(3_000)])
    command = [sys.executable, "-m", "trueup", "journal", "export", str(big), "--format", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0
