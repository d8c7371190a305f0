"""What lies in ``deploy/`` fits the program: settings, metrics, versions, names. What only a container engine or a real
Prometheus could try is not tried here; ``deploy/README.md`` says so.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gateway.broker.properties import SECURED
from gateway.bus.kafka_access import load as load_access
from gateway.node import config
from gateway.node.config import load
from gateway.node.measures import Measures

TABLES = {"node": config.NODE, "bus": config.BUS, "bus.kafka": config.KAFKA, "http": config.HTTP, "keys": config.KEYS}


@pytest.fixture
def deploy(repository: Path) -> Path:
    return repository / "deploy"


def test_the_settings_file_is_read_and_explains_every_setting(deploy: Path) -> None:
    file = deploy / "node.kafka.toml"
    assert load(file).replicated
    table, said = "", dict[str, set[str]]()
    for line in file.read_text(encoding="utf-8").splitlines():
        bare = line.removeprefix("# ")
        if found := re.fullmatch(r"\[([a-z.]+)\]", bare):
            table = found[1]
        elif found := re.match(r"([a-z_]+) = ", bare):
            said.setdefault(table, set()).add(found[1])
    assert {name: said[name] for name in TABLES} == {name: set(kinds) for name, kinds in TABLES.items()}


def test_every_setting_has_a_comment_in_both_languages_above_it(deploy: Path) -> None:
    comment = ""
    for line in (deploy / "node.kafka.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("# ") and " = " not in line and not line.startswith("# ["):
            comment += line
        elif not line:
            comment = ""
        elif not line.startswith("["):
            assert re.search("[\u4e00-\u9fff]", comment), line
            assert re.search("[a-z]{3}", comment), line


def test_what_is_commented_out_is_known_too(deploy: Path, tmp_path: Path) -> None:
    lines = (deploy / "node.kafka.toml").read_text(encoding="utf-8").splitlines()
    bare = [re.sub(r"^# (?=\[bus\.at|[a-z_]+ = )", "", line) for line in lines]
    file = tmp_path / "node.toml"
    file.write_text("\n".join(bare), encoding="utf-8")
    assert set(load(file).bus.at) == {"xiongan", "binhai"}


def test_alerts_name_metrics_that_there_are(deploy: Path) -> None:
    there = set(re.findall(r"^# TYPE (jjj_[a-z_]+) ", Measures().text().decode(), re.MULTILINE))
    there |= {f"{name}_bucket" for name in there}
    named = set(re.findall(r"\bjjj_[a-z_]+", (deploy / "prometheus/alerts.yml").read_text(encoding="utf-8")))
    assert named
    assert named <= there


def test_the_manuals_metrics_are_there_too(repository: Path) -> None:
    there = set(re.findall(r"^# TYPE (jjj_[a-z_]+) ", Measures().text().decode(), re.MULTILINE))
    manual = (repository / "docs/zh/运维手册.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(jjj_[a-z_]+)`", manual)) <= there


def test_brokers_of_the_compose_file_are_secured_as_the_tested_one_is(deploy: Path) -> None:
    lines = (deploy / "kafka/server.properties").read_text(encoding="utf-8").splitlines()
    assert set(SECURED.splitlines()) <= set(lines)


def test_images_are_pinned_and_the_brokers_is_of_the_tested_version(deploy: Path) -> None:
    files = [deploy / "compose.yaml", deploy / "Dockerfile"]
    images = {
        image
        for file in files
        for image in re.findall(r"^\s*(?:image:|FROM) (\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    version = re.search(r"kafka_2\.13</artifactId>\s*<version>([0-9.]+)<", (deploy / "kafka/pom.xml").read_text())
    assert version is not None
    assert f"apache/kafka:{version[1]}" in images
    foreign = images - {"jjj-gateway:local"}
    assert all(re.search(r":v?[0-9]+\.[0-9]+\.[0-9]+", image) for image in foreign), foreign


def test_users_nodes_and_targets_are_the_same_six(deploy: Path) -> None:
    jurisdictions = set(tomllib.loads((deploy / "kafka/access.toml").read_text(encoding="utf-8"))["jurisdictions"])
    compose = (deploy / "compose.yaml").read_text(encoding="utf-8")
    prometheus = (deploy / "prometheus/prometheus.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\./nodes/([a-z]+):/node", compose)) == jurisdictions
    assert set(re.findall(r"job_name: ([a-z]+)", prometheus)) == jurisdictions
    assert len(jurisdictions) == 6
    assert {user.name for user in load_access(deploy / "kafka/access.toml").users} == jurisdictions | {"auditor"}


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "prometheus/prometheus.yml", "prometheus/alerts.yml"])
def test_what_was_not_started_here_says_so_in_its_head(deploy: Path, name: str) -> None:
    head = (deploy / name).read_text(encoding="utf-8")[:600]
    assert "NOT STARTED" in head or "NOT BUILT" in head


@pytest.mark.parametrize("name", ["jjj-gateway@.service", "jjj-gateway-watch@.service"])
def test_units_run_commands_that_there_are_as_nobody_special(deploy: Path, name: str) -> None:
    text = (deploy / "systemd" / name).read_text(encoding="utf-8")
    command = re.search(r"ExecStart=/opt/gateway/bin/jjj-gateway ([a-z]+) ", text)
    assert command is not None
    assert command[1] in ("run", "watch")
    for line in ("User=jjj-gateway", "NoNewPrivileges=true", "ProtectSystem=strict", "CapabilityBoundingSet="):
        assert f"{line}\n" in text
