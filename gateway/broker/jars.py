"""WHERE does the project's broker come from? From Maven Central, by ``deploy/kafka/pom.xml``, once for each user.

The jars are held against ``deploy/kafka/jars.sha256`` before they count, and lie below ``$XDG_CACHE_HOME/jjj-gateway``
(else ``~/.cache``) under a name made of these two files, so another version is another folder. With the folder there,
neither Maven nor a network is asked again.

>>> java = find_java()
>>> folder = await fetched(print)
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from gateway.errors import CannotRun
from gateway.records.packaged import data_path

LEAST_JAVA = 17
FETCH_S = 600
_JAVA_S = 30
_COPY = ("dependency:copy-dependencies", "-DincludeScope=runtime")


def find_java() -> Path:
    """The ``java`` to run: below ``JAVA_HOME``, else on the path. Raises ``CannotRun`` ``broker.java``."""
    home = os.environ.get("JAVA_HOME")
    found = Path(home) / "bin" / "java" if home else Path(shutil.which("java") or "java")
    try:
        told = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=_JAVA_S, check=True).stderr
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotRun("broker.java", f"Java {LEAST_JAVA} or newer is needed for Kafka; {found}: {error}") from error
    version = re.search(r'version "(?:1\.)?([0-9]+)', told)
    if version is None or int(version[1]) < LEAST_JAVA:
        raise CannotRun("broker.java", f"Java {LEAST_JAVA} or newer is needed for Kafka; {found} is {told.strip()!r}")
    return found


def cache() -> Path:
    """Where the jars lie, or will: one folder for each pom and list of digests."""
    digest = hashlib.sha256()
    for name in ("deploy/kafka/pom.xml", "deploy/kafka/jars.sha256"):
        digest.update(data_path(name).read_bytes())
    above = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return above / "jjj-gateway" / f"kafka-{digest.hexdigest()[:16]}"


async def fetched(say: Callable[[str], None]) -> Path:
    """The folder of jars, fetched where it isn't there; ``say`` hears of it. Raises ``CannotRun`` ``broker.jars``."""
    folder = cache()
    if folder.is_dir():
        return folder
    say("fetching Apache Kafka from Maven Central, about 45 MB, once …")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as made:
            jars = Path(made) / "jars"
            await _copy(jars)
            _check(jars)
            try:
                jars.rename(folder)
            except OSError:  # another process was first; then its folder serves
                if not folder.is_dir():
                    raise
    except OSError as error:
        raise CannotRun("broker.jars", f"{folder} can't be made: {error}") from error
    return folder


async def _copy(jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise CannotRun("broker.jars", "Maven is needed to fetch Kafka: install the package maven, which has `mvn`")
    process = await asyncio.create_subprocess_exec(
        maven, "-q", "-B", "-f", data_path("deploy/kafka/pom.xml"), *_COPY, f"-DoutputDirectory={jars}",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(), FETCH_S)
    except TimeoutError as error:
        raise CannotRun("broker.jars", f"Maven did not fetch Kafka within {FETCH_S} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise CannotRun("broker.jars", f"Maven could not fetch Kafka: {_short(said.decode(errors='replace'))}")


def _short(said: str) -> str:
    lines = [line.removeprefix("[ERROR] ") for line in said.splitlines() if "ERROR" in line and len(line) > 10]
    return (lines[0] if lines else said.strip() or "it said nothing")[:400]


def _check(jars: Path) -> None:
    """Exactly the jars that the list names, with exactly its digests."""
    listed = data_path("deploy/kafka/jars.sha256").read_text(encoding="utf-8").splitlines()
    wanted = {name: digest for digest, name in (line.split() for line in listed)}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars.iterdir()}
    wrong = sorted(name for name, _ in wanted.items() ^ found.items())
    if wrong:
        raise CannotRun("broker.jars", f"not what deploy/kafka/jars.sha256 lists: {', '.join(dict.fromkeys(wrong))}")
