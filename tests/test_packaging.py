"""The wheel carries all that the gateway reads, and runs where no checkout is."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

DATA_FOLDERS = ("schemas", "keys/example", "deploy/kafka")


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run with an environment of its own (no PYTHONPATH, an empty HOME); fail with what the command said."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JJJ_", "COV"))
    }
    clean |= {"HOME": str(cwd), "PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"} | environment
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=clean, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def test_locks_keep_the_extras_that_packages_ask_of_each_other(repository: Path) -> None:
    """``coverage==7.1`` in a lock does not answer ``coverage[toml]``: pip looks for a newer one, without a hash."""
    lock = (repository / "requirements-test.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9.-]+)(\[[a-z,]+\])?==", lock, re.MULTILINE))
    asked = [
        (found[1].lower().replace("_", "-"), found[2])
        for package in importlib.metadata.distributions()
        for requirement in package.requires or ()
        if "extra ==" not in requirement and (found := re.match(r"([A-Za-z0-9._-]+)\[([a-z]+)\]", requirement))
    ]
    assert ("coverage", "toml") in asked
    assert [(name, extra) for name, extra in asked if name in locked and extra not in locked[name]] == []


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the locked build tools: nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    run(*pip, "--wheel-dir", folder, repository, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment outside the checkout with the wheel in it.

    The third-party packages are this environment's own, reached by a path file: they are the lock's already,
    and a package server may be out of reach while tests run. Path files inside that folder are not followed:
    the editable install beside them stays invisible, and the gateway can only come from the wheel.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv/bin/python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    run(*pip, wheel, cwd=folder)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(python, "-c", ask, cwd=folder).stdout.strip())
    paths = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (packages / "dependencies.pth").write_text("\n".join(paths) + "\n")
    return folder


def test_wheel_carries_every_file_of_the_package(repository: Path, wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package = repository / "gateway"
    wanted = {
        str(file.relative_to(repository))
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert wanted - names == set()


@pytest.mark.parametrize("folder", DATA_FOLDERS)
def test_wheel_carries_the_data_folders(repository: Path, wheel: Path, folder: str) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"gateway/_data/{file.relative_to(repository)}"
        for file in (repository / folder).rglob("*")
        if file.is_file()
    }
    assert wanted, f"{folder} is empty"
    assert wanted - names == set()


def test_wheel_carries_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gateway"}


def test_the_gateway_elsewhere_is_the_wheels(elsewhere: Path) -> None:
    python = elsewhere / "venv/bin/python"
    told = run(python, "-c", "import gateway; print(gateway.__file__)", cwd=elsewhere).stdout
    assert told.startswith(str(elsewhere))


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel(repository: Path, elsewhere: Path) -> None:
    if not (repository / "gateway/cli.py").exists():
        pytest.skip("the demo from the wheel: this checkout has no command line yet")
    done = run(elsewhere / "venv/bin/jjj-gateway", "demo", "--once", "--json", cwd=elsewhere)
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert told["nodes"] == 6
    assert told["audit"]["ok"] is True
    assert told["mirrored"] == 5 * told["published"] > 0
