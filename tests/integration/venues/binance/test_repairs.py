"""Every repair is needed on the installed adapter, and works: the same experiment with both clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from trueup.config.engine_versions import NEWEST_SUPPORTED, OLDEST_SUPPORTED, installed_version, parse_version
from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.run import CASES, run_case
from trueup.venues.binance.repairs import REPAIRS, Repair, needed_at

DOCS = Path(__file__).parents[4] / "docs" / "binance.md"
SOUND_IN_THE_OLDEST = {"BN04"}
"""The adapter of 1.222 opens its stream again with the same listen key, and so asks for none."""


@pytest.mark.parametrize("repair", REPAIRS, ids=lambda repair: repair.id)
def test_the_hardened_client_does_not_have_the_fault(emulator: EmulatorProcess, repair: Repair) -> None:
    sighting = run_case(emulator, repair.id, hardened=True)
    assert not sighting.faulty, sighting.detail


@pytest.mark.parametrize("repair", REPAIRS, ids=lambda repair: repair.id)
def test_the_adapters_client_has_the_fault(emulator: EmulatorProcess, repair: Repair) -> None:
    version = parse_version(installed_version())
    sighting = run_case(emulator, repair.id, hardened=False)
    assert sighting.faulty is not (version == OLDEST_SUPPORTED and repair.id in SOUND_IN_THE_OLDEST), sighting.detail


def test_each_repair_has_an_experiment_and_a_section_of_the_document() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert set(CASES) == {repair.id for repair in REPAIRS}
    for repair in REPAIRS:
        assert f"### {repair.id}: {repair.title}\n" in text


def test_no_supported_version_does_without_the_repairs() -> None:
    for version in (OLDEST_SUPPORTED, NEWEST_SUPPORTED):
        assert needed_at(version) == REPAIRS
