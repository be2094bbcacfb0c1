"""The journal in a file: what every journal promises, and the file's own ways to fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.journal.contract import KEY, TAMPERINGS, JournalContract, tampered, twelve
from tests.integration.journal.samples import write
from trueup.journal import Place
from trueup.journal.chain import Seal


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[bytes, Path]:
    """Give two journals of twelve entries, a plain one and a keyed one, to be copied."""
    found = {}
    for key in (b"", KEY):
        directory = tmp_path_factory.mktemp("written")
        write(Place(path=directory / "j.sqlite3"), twelve(), key=key)
        found[key] = directory
    return found


class TestJournalInAFile(JournalContract):
    @pytest.fixture
    def place(self, file_place: Place) -> Place:
        return file_place

    def uses_index(self, plan: str) -> bool:
        scans = [part for part in plan.split(";") if "SCAN" in part and "chains" not in part]
        # What a fingerprint's digits leave is few, and may be sorted.
        is_sorted = "TEMP B-TREE FOR ORDER BY" not in plan or "by_fingerprint" in plan
        return all("USING INDEX" in part for part in scans) and is_sorted

    @pytest.mark.parametrize("how", TAMPERINGS)
    @pytest.mark.parametrize("key", [b"", KEY], ids=["plain", "keyed"])
    def test_tampering_with_the_tables_is_found(
        self, written: dict[bytes, Path], tmp_path: Path, how: str, key: bytes
    ) -> None:
        shutil.copytree(written[key], tmp_path / "copy")
        found, code = tampered(Place(path=tmp_path / "copy" / "j.sqlite3"), how, Seal(key))
        assert code in {fault.code for fault in found.faults}, found.faults
