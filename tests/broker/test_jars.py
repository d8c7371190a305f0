"""The project's broker comes from a known place, whole, or a sentence says what is missing."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from gateway.broker import jars
from gateway.errors import CannotRun

LIST = "deploy/kafka/jars.sha256"


def program(folder: Path, name: str, text: str) -> Path:
    """A program of this name, which does what ``text`` says."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("said", "does"),
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "25" 2025-09-16', True),
        ('openjdk version "11.0.2"', False),
        ('java version "1.8.0_402"', False),
        ("no version", False),
    ],
)
def test_java_must_be_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, does: bool) -> None:
    java = program(tmp_path / "bin", "java", f"echo '{said}' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if does:
        assert jars.find_java() == java
    else:
        with pytest.raises(CannotRun, match="Java 17 or newer"):
            jars.find_java()


def test_no_java_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(CannotRun, match=r"broker\.java"):
        jars.find_java()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, a list of one jar, and a folder first on the path."""
    (tmp_path / "kafka.jar").write_bytes(b"jar")
    listed = tmp_path / "jars.sha256"
    listed.write_text(f"{hashlib.sha256(b'jar').hexdigest()}  kafka.jar\n", encoding="utf-8")
    real = jars.data_path
    monkeypatch.setattr(jars, "data_path", lambda name: listed if name == LIST else real(name))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def maven(place: Path, *files: str) -> None:
    """A Maven that brings these files."""
    copies = "\n".join(f'cp {place / file} "$folder/"' for file in files)
    find = 'for each; do case "$each" in -DoutputDirectory=*) folder="${each#*=}";; esac; done'
    program(place / "bin", "mvn", f'{find}\nmkdir -p "$folder"\n{copies}')


async def test_jars_are_fetched_once_and_then_no_maven_is_asked(place: Path) -> None:
    maven(place, "kafka.jar")
    heard: list[str] = []
    folder = await jars.fetched(heard.append)
    program(place / "bin", "mvn", "exit 1")
    assert await jars.fetched(heard.append) == folder
    assert ([file.name for file in files(folder)], len(heard)) == (["kafka.jar"], 1)


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def test_two_that_fetch_at_once_both_have_them(place: Path) -> None:
    maven(place, "kafka.jar")
    first, second = await asyncio.gather(jars.fetched(print), jars.fetched(print))
    assert first == second
    assert [file.name for file in files(first.parent)] == [first.name]


@pytest.mark.parametrize(("brought", "named"), [(("other.jar",), "other.jar"), ((), "kafka.jar")])
async def test_other_jars_than_listed_do_not_count(place: Path, brought: tuple[str, ...], named: str) -> None:
    (place / "other.jar").write_bytes(b"other")
    maven(place, *brought)
    with pytest.raises(CannotRun, match=named):
        await jars.fetched(print)
    assert not jars.cache().exists()


async def test_a_changed_jar_does_not_count(place: Path) -> None:
    (place / "kafka.jar").write_bytes(b"other bytes")
    maven(place, "kafka.jar")
    with pytest.raises(CannotRun, match=r"kafka\.jar"):
        await jars.fetched(print)


async def test_what_maven_says_is_told(place: Path) -> None:
    program(place / "bin", "mvn", "echo '[ERROR] Unknown host repo.maven.apache.org'; exit 1")
    with pytest.raises(CannotRun, match="Unknown host"):
        await jars.fetched(print)


async def test_no_maven_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place))
    with pytest.raises(CannotRun, match="install the package maven"):
        await jars.fetched(print)
