"""The files for containers, which are parsed and never run here."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from trueup.ops.export import all_files, written_files


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document = yaml.safe_load(written_files()["compose/compose.yaml"])
    assert isinstance(document, dict)
    return document


def test_no_port_is_published_to_other_machines(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_volume_is_declared_and_every_mounted_file_of_ours_exists(compose: dict[str, Any]) -> None:
    operators_own = {"./trueup.toml", "./secrets.toml", "./ops.token"}
    exported = set(all_files())
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if not source.startswith("."):
                assert source in compose["volumes"], f"{name}: {source}"
            elif source not in operators_own:
                path = source.removeprefix("../") if source.startswith("../") else f"compose/{source[2:]}"
                assert any(one == path or one.startswith(f"{path}/") for one in exported), f"{name}: {source}"


def test_every_image_has_a_version(compose: dict[str, Any]) -> None:
    images = [service["image"] for service in compose["services"].values() if "image" in service]

    assert images
    assert all(":" in image and not image.endswith(":latest") for image in images)


def test_prometheus_in_containers_differs_from_the_one_outside_only_in_addresses_and_tokens() -> None:
    outside, inside = (yaml.safe_load(all_files()[f"{folder}/prometheus.yml"]) for folder in ("prometheus", "compose"))

    jobs = [[job["job_name"] for job in one["scrape_configs"]] for one in (outside, inside)]
    assert jobs[0] == jobs[1] == ["trueup", "trueup-watch"]
    assert outside["rule_files"] == inside["rule_files"]
