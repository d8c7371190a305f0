"""What do partners hold of each log, and what have they seen that can't both be true? Asked now and then (law 8).

Each partner's ``/v1/logs`` shows the newest checkpoint that it holds of every log: of partners' logs it is heard like
any other, so that two readers who were shown two trees find out. A partner's evidence is judged here, by the own
roster, and kept. Statements signed by the own keys that this node did not make stop its sealing, and are kept too.

>>> await Gossip(custody, session, "tongzhou").run()
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import structlog

from gateway.bus.tileclient import TIMEOUT
from gateway.errors import CannotRun, Refused
from gateway.ledger import evidencefile
from gateway.ledger.evidencefile import MOST_BYTES
from gateway.node import exhibits
from gateway.node.custody import Custody

EVERY_S = 60.0
FIRST_S = 5.0
MOST_ANSWER = 4 << 20
MOST_NEW = 16
"""Evidence files taken from one partner in one round."""
MOST_KNOWN = 10_000

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Gossip:
    """Asks, compares, keeps. ``own``: the own jurisdiction; ``known``: ids of partners' evidence that was looked at, so
    that each is judged once.
    """

    custody: Custody
    session: aiohttp.ClientSession
    own: str
    every_s: float = EVERY_S
    known: set[str] = field(default_factory=set)

    def partners(self) -> list[str]:
        """URLs of every other rostered jurisdiction."""
        others = self.custody.trust.current.roster.jurisdictions.values()
        return [url for each in others if each.id != self.own for url in each.urls]

    async def run(self) -> None:
        """Round after round until cancelled; what a partner says wrong costs a line in the log."""
        await asyncio.sleep(min(FIRST_S, self.every_s))
        while True:
            await self.round()
            await asyncio.sleep(self.every_s)

    async def round(self) -> None:
        """Ask every partner once."""
        await asyncio.gather(*(self._ask(url) for url in self.partners()))

    async def _ask(self, url: str) -> None:
        try:
            await self._compare(url, await self._get(f"{url}/v1/logs"))
            await self._look_through(url, await self._get(f"{url}/v1/evidence"))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.info("gossip.partner", url=url, message=str(error) or type(error).__name__)
        except (CannotRun, Refused) as error:
            log.warning("gossip.fault", url=url, reason=error.reason, message=error.message)
        except Exception:  # whatever it is, the node goes on, and this partner is asked again
            log.exception("gossip.crashed", url=url)

    async def _get(self, url: str) -> Any:
        return orjson.loads(await self._bytes(url, MOST_ANSWER))

    async def _bytes(self, url: str, most: int) -> bytes:
        async with self.session.get(url, timeout=TIMEOUT, allow_redirects=False) as answer:
            answer.raise_for_status()
            found = bytearray()
            async for chunk in answer.content.iter_chunked(1 << 16):
                found += chunk
                if len(found) > most:
                    raise ValueError(f"{url}: over {most} bytes")
            return bytes(found)

    async def _compare(self, url: str, answer: Any) -> None:
        for item in answer["logs"]:
            note, origin = item["checkpoint"], item["origin"]
            if not isinstance(note, str) or not isinstance(origin, str):
                continue
            follower = self.custody.followers.get(origin)
            if follower is not None:
                await follower.hear(note.encode(), f"partner {url}")
            else:
                with contextlib.suppress(Refused):  # nothing that an own key has signed
                    await self.custody.hear_own(origin, note.encode(), f"partner {url}")

    async def _look_through(self, url: str, answer: Any) -> None:
        if len(self.known) > MOST_KNOWN:
            self.known.clear()  # what is kept stays kept; the rest is judged once more
        new = [item["id"] for item in answer["evidence"] if item["id"] not in self.known]
        for identifier in new[:MOST_NEW]:
            if not isinstance(identifier, str) or exhibits.ID.fullmatch(identifier) is None:
                continue
            raw = await self._bytes(f"{url}/v1/evidence/{identifier}", MOST_BYTES)
            self.known.add(identifier)
            try:
                evidence = evidencefile.parse(raw)
                exhibits.judge(evidence, self.custody.trust.current)
            except Refused as refused:
                log.warning("gossip.evidence", url=url, id=identifier, reason=refused.reason, message=refused.message)
                continue
            await self.custody.take(evidence, raw)
