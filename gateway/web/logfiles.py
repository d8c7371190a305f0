"""The files of each log as C2SP tlog-tiles has them: checkpoint, tiles, bundles of entries; and the sealed history
(DESIGN §4).

Own and mirrored logs alike. Nothing beyond the checkpoint that is served is shown: partial tiles of any width up to
what it covers are cut from what is held, and wider ones are not there yet. A hash tile never changes once it is
served; a bundle may, for a later record can erase an entry.

>>> await tile(request)  # GET /logs/sanhe/licence/tile/0/000.p/17
"""

from __future__ import annotations

from aiohttp import web

from gateway.errors import CannotRun, Refused
from gateway.ledger import cosignatures, logbook, tiles
from gateway.ledger.merkle import HASH_SIZE
from gateway.ledger.tiles import WIDTH, Tile
from gateway.web.answers import BYTES, FOR_EVER, NOTE, file_answer
from gateway.web.parts import VIEWS
from gateway.web.served import Served, find

NEWEST = "no-cache"
A_WHILE = "public, max-age=3600"


async def newest_checkpoint(request: web.Request) -> web.StreamResponse:
    """GET …/checkpoint: the newest checkpoint note whose tree is held whole, with the cosignatures on it."""
    served = _served(request)
    if not served.view.note:
        raise Refused("not_found.file", "this node has no checkpoint of this log yet")
    return file_answer(served.cosigned, NOTE, NEWEST)


async def tile(request: web.Request) -> web.StreamResponse:
    """GET …/tile/<L>/<N>[.p/<W>] and …/tile/entries/<N>[.p/<W>]."""
    served = _served(request)
    try:
        wanted = tiles.parse_path(f"tile/{request.match_info['path']}")
    except Refused as refused:
        raise Refused("not_found.file", refused.message) from None
    held = (served.size >> 8 * (wanted.level or 0)) - wanted.number * WIDTH
    if held < wanted.width:
        raise Refused("not_found.file", "the checkpoint does not cover this tile")
    if wanted.level is None:
        return file_answer(_bundle(served, wanted), BYTES, A_WHILE)
    hashes = logbook.tile(served.view.connection, served.view.log.number, wanted.level, wanted.number)
    if len(hashes) < wanted.width * HASH_SIZE:
        raise _damaged(served, wanted)
    return file_answer(hashes[: wanted.width * HASH_SIZE], BYTES, FOR_EVER)


async def history(request: web.Request) -> web.StreamResponse:
    """GET …/history/<n>: sealed checkpoints n·256 to n·256 + 255, as committed, rising; on each its cosignatures."""
    served = _served(request)
    try:
        number = tiles.parse_history_path(f"history/{request.match_info['number']}")
    except Refused as refused:
        raise Refused("not_found.file", refused.message) from None
    shown = cosignatures.history_file(served.view.connection, served.view.log.number, number, served.size)
    if not shown:
        raise Refused("not_found.file", "so many sealed checkpoints do not stand yet")
    full = len(shown) == tiles.HISTORY_WIDTH
    return file_answer(tiles.encode_history(shown), BYTES, A_WHILE if full else NEWEST)


def _served(request: web.Request) -> Served:
    return find(request.app[VIEWS], request.match_info["jurisdiction"], request.match_info["family"])


def _bundle(served: Served, wanted: Tile) -> bytes:
    start = wanted.number * WIDTH
    view = served.view
    entries = list(logbook.entries(view.connection, view.log.number, start, start + wanted.width))
    if len(entries) != wanted.width:
        raise _damaged(served, wanted)
    return tiles.encode_entries(entries)


def _damaged(served: Served, wanted: Tile) -> CannotRun:
    return CannotRun(
        "ledger.damaged",
        f"{served.view.origin}: the ledger lacks a part of {wanted.path}; `jjj-gateway audit` says which",
    )

