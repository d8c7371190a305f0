"""The Java program, compiled by its own pom. What this machine has not is said, once, as a skip."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.broker import jars
from gateway.errors import CannotRun

MAVEN_S = 600


@pytest.fixture(scope="session")
def java_program(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs ``VerifyTopic``, compiled as its README says."""
    maven = shutil.which("mvn")
    try:
        java = jars.find_java()
    except CannotRun:
        maven, java = None, Path("java")
    if maven is None:
        pytest.skip("the Java example: no Java 17 with Maven on this machine")
    folder = tmp_path_factory.mktemp("java") / "program"
    shutil.copytree(repository / "docs/examples/java", folder, ignore=shutil.ignore_patterns("target"))
    done = subprocess.run(
        [maven, "-q", "-B", "compile"], cwd=folder, capture_output=True, text=True, timeout=MAVEN_S, check=False
    )
    if done.returncode != 0 and "COMPILATION ERROR" not in done.stdout and "resolve" in done.stdout:
        pytest.skip("the Java example: Maven could not fetch what it needs")
    assert done.returncode == 0, done.stdout
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    return [str(java), *quick, "-cp", f"{folder}/target/classes:{folder}/target/lib/*", "VerifyTopic"]
