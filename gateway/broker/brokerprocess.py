"""ONE broker as a process: begun, killed, paused, begun again on the same data.

It ends with the process that began it, where ``setpriv`` can see to that (Linux). What it says stands in
``output.txt`` in its folder.

>>> broker = BrokerProcess(place, settings, jars, java)
>>> await broker.format(cluster_id)
>>> broker.begin()
>>> broker.kill()
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import subprocess
from pathlib import Path

from gateway.broker.properties import Place
from gateway.errors import CannotRun
from gateway.records.packaged import data_path

STOP_S = 30
FORMAT_S = 120
LOOK_S = 0.05
# 512 MiB are plenty for six jurisdictions; the rest makes it begin quickly on a machine of two cores.
_JVM = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


class BrokerProcess:
    """One broker. ``log``: the file that keeps what it says."""

    def __init__(self, place: Place, settings: str, jars: Path, java: Path) -> None:
        self.place = place
        self.log = place.folder / "output.txt"
        self._settings = settings
        logging = data_path("deploy/kafka/log4j2.properties")
        self._java = [str(java), *_JVM, f"-Dlog4j2.configurationFile={logging}", "-cp", f"{jars}/*"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _file(self) -> Path:
        return self.place.folder / "server.properties"

    @property
    def running(self) -> bool:
        """Whether its process lives (paused counts)."""
        return self._process is not None and self._process.poll() is None

    async def format(self, cluster_id: str) -> None:
        """Make its data folder, once. Raises ``CannotRun`` ``broker.failed`` with what Kafka says."""
        self.place.folder.mkdir(parents=True, exist_ok=True)
        self._file.write_text(self._settings, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            *self._java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", self._file, "-g",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            said, _ = await asyncio.wait_for(process.communicate(), FORMAT_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise CannotRun("broker.failed", f"Kafka could not format {self.place.folder}: {said.decode()[-400:]}")

    def begin(self) -> None:
        """Start it, on the data it has. On the main thread: the process ends with the thread that began it."""
        leash = shutil.which("setpriv")
        command = [*((leash, "--pdeathsig", "KILL") if leash else ()), *self._java, "kafka.Kafka", str(self._file)]
        with self.log.open("ab") as log:
            # A group of its own: Ctrl-C at a terminal is for the program that began it, which ends it in order.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self._send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def pause(self) -> None:
        """SIGSTOP: connections stand, nothing answers."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo ``pause``."""
        self._send(signal.SIGCONT)

    async def stop(self) -> None:
        """End it in order; if it takes too long, kill it."""
        self._send(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                while self.running:  # noqa: ASYNC110 - a process, which outlives the loop that began it
                    await asyncio.sleep(LOOK_S)
        self.kill()

    def last_words(self) -> str:
        """The end of its log, for an error's sentence."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-600:].strip() if self.log.exists() else ""

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
