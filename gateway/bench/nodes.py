"""The nodes that are measured: real ones, in processes of their own, with keys and trust data of the run.

>>> ports = set_up(folder, (OWNER, PARTNER), workload.ISSUER)
>>> async with running(folder, OWNER, ports) as node: ...
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.bench import workload
from gateway.errors import CannotRun
from gateway.ops import nodefolder
from gateway.ops.nodefolder import OneBroker

NETWORK = "jjj.bench"
OWNER, PARTNER = "sanhe", "tongzhou"
PATIENCE_S = 900
LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Node:
    """A real node in a process of its own."""

    url: str
    folder: Path
    process: asyncio.subprocess.Process

    def peak_mb(self) -> float:
        """Peak resident memory of the process, MiB."""
        return peak_mb(self.process.pid)

    def cpu_s(self) -> float:
        """Processor time that the process has used so far, seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    """Peak resident memory of a process, MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def set_up(
    folder: Path,
    places: Sequence[str],
    issuer: Mapping[str, Any],
    kafka: OneBroker | None = None,
    *,
    gm: bool = False,
) -> dict[str, int]:
    """Nodes' folders with fresh keys and one roster, in which every place has the issuer; the ports they listen on.
    ``gm``: with SM2 keys beside the others, under the policy that requires them.
    """
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in places]
        ports = {place: each.getsockname()[1] for place, each in zip(places, held, strict=True)}
    members = []
    suites = ("ed25519", "sm2") if gm else ("ed25519",)
    for place, port in ports.items():
        nodefolder.make(folder / place, place, network=NETWORK, port=port, suites=suites)
        nodefolder.write_config(folder / place, place, port=port, kafka=kafka)
        member = orjson.loads((folder / place / "trust" / "roster.json").read_bytes())["jurisdictions"][0]
        authority = {**issuer, "types": [workload.TYPE["code"]], "carried": False, "since": "2000-01-01"}
        authority["contact"] = {"phone": "010-0000-0000", "hours": "9:00-17:00"}
        members.append({**member, "urls": [f"http://127.0.0.1:{port}"], "authorities": [authority]})
    policy = {"policy": {"name": "gm", "since": "2020-01-01"}} if gm else {}
    trust = {name: orjson.dumps(body) for name, body in _trust(members, policy).items()}
    for place in ports:
        nodefolder.write_trust(folder / place, trust)
    return ports


def _trust(members: list[dict[str, Any]], policy: Mapping[str, Any]) -> dict[str, Any]:
    members = [{**member, "region": f"99000{number}"} for number, member in enumerate(members)]
    agreement = {
        "id": "bench",
        "title": "bench",
        "issued_by": [OWNER],
        "recognised_by": [PARTNER],
        "types": ["*"],
        "purposes": ["*"],
        "since": "2020-01-01",
        "until": "2099-12-31",
        "witnesses": 0,
        "freshness_s": 86_400,
        "carried": False,
        "unchanged": [],
        "credit": [],
        "otherwise": "bench",
    }
    kind = {**workload.TYPE, "kind": "registration", "number_checks": [], "volatile": False}
    kind |= {"irreversible": ["03", "04", "05", "07"], "complete": {}}
    return {
        "roster.json": {"version": 1, "network": NETWORK, "jurisdictions": members, **policy},
        "agreements.json": {"version": 1, "agreements": [agreement]},
        "catalogue.json": {"version": 1, "types": [kind]},
    }


@asynccontextmanager
async def running(folder: Path, place: str, ports: Mapping[str, int]) -> AsyncIterator[Node]:
    """One of them, ready to seal."""
    config = folder / place / nodefolder.CONFIG
    words = (sys.executable, "-m", "gateway", "--log-level", "error", "run", str(config))
    process = await asyncio.create_subprocess_exec(*words)
    node = Node(f"http://127.0.0.1:{ports[place]}", folder / place, process)
    try:
        async with aiohttp.ClientSession() as session:
            await _ready(session, node)
        yield node
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _ready(session: aiohttp.ClientSession, node: Node) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and node.process.returncode is None:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(f"{node.url}/readyz") as answer:
                if answer.status == 200:
                    return
        await asyncio.sleep(0.05)
    raise CannotRun("bench.node", f"{node.folder} did not become ready")


async def size_of(session: aiohttp.ClientSession, node: Node, size: int) -> int:
    """Wait until the node holds that many leaves of the owner's log."""
    end = time.monotonic() + PATIENCE_S
    origin = f"{NETWORK}/{OWNER}/licence"
    while time.monotonic() < end:
        async with session.get(f"{node.url}/v1/logs") as answer:
            logs = orjson.loads(await answer.read())["logs"]
        held = next((int(log["size"]) for log in logs if log["origin"] == origin), 0)
        if held >= size:
            return held
        await asyncio.sleep(LOOK_EVERY_S)
    raise CannotRun("bench.node", f"{node.folder} does not reach {size} records")
