"""The exported files, in the tools that will read them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from trueup.ops.export import export

EXPOSURE_MAX = 2.0
"""systemd's own scale from 0 to 10; up to 4.9 it says OK."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deploy")
    export(path)
    return path


def test_prometheus_accepts_its_configuration_with_the_rules_it_names(folder: Path) -> None:
    for name in ("prometheus", "compose"):
        config = folder / name / "prometheus.yml"
        if name == "compose":
            shutil.copytree(folder / "prometheus" / "rules", folder / "compose" / "rules", dirs_exist_ok=True)
            text = config.read_text().replace("/etc/prometheus/ops.token", str(folder / "ops.token"))
            (folder / "ops.token").write_text("a token")
            config.write_text(text)

        done = subprocess.run(
            ["promtool", "check", "config", config], capture_output=True, text=True, timeout=60, check=False
        )

        assert done.returncode == 0, done.stderr
        assert "1 rule files found" in done.stdout


@pytest.mark.parametrize("unit", ["trueup-node@", "trueup-watch@"])
def test_systemd_accepts_each_unit_and_calls_it_hardened(folder: Path, unit: str, tmp_path: Path) -> None:
    program = tmp_path / "trueup"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    instance = tmp_path / f"{unit}desk.service"
    text = (folder / "systemd" / f"{unit}.service").read_text()
    instance.write_text(text.replace("/opt/trueup/bin/trueup", str(program)))

    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", instance], capture_output=True, text=True, timeout=60, check=False
    )
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", instance],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    exposure = float(rated.stdout.strip().splitlines()[-1].split(": ")[1].split()[0])
    assert exposure <= EXPOSURE_MAX
