"""Tiles: one path for each, exact bytes, and the same proofs as from the tree itself."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.ledger import merkle, tiles
from gateway.ledger.tiles import Tile
from tests.ledger import naive
from tests.trust.signers import outcome

LEAVES = naive.leaf_hashes(70_000)
PATHS = {
    "tile/0/000": Tile(0, 0),
    "tile/0/x001/x234/067": Tile(0, 1234067),
    "tile/0/x001/x234/067.p/8": Tile(0, 1234067, 8),
    "tile/1/999.p/255": Tile(1, 999, 255),
    "tile/6/000.p/1": Tile(6, 0, 1),
    "tile/entries/x001/000": Tile(None, 1000),
    "tile/entries/x001/000.p/17": Tile(None, 1000, 17),
    "tile/0/x035/x184/x372/x088/831": Tile(0, 2**45 - 1),
}


def refused(call: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.reason


@pytest.mark.parametrize(("path", "tile"), PATHS.items())
def test_paths_both_ways(path: str, tile: Tile) -> None:
    assert tiles.parse_path(path) == tile
    assert tile.path == path
    assert tile.full == Tile(tile.level, tile.number)


@given(st.one_of(st.none(), st.integers(0, 6)), st.integers(0, 2**45), st.integers(1, 256))
def test_every_path_goes_round(level: int | None, number: int, width: int) -> None:
    tile = Tile(level, number, width)
    if number < 2 ** (53 - 8 * (1 + (level or 0))) or (level == 6 and number == 0):
        assert tiles.parse_path(tile.path) == tile
    else:
        assert refused(tiles.parse_path, tile.path) == "tile.path", "no tree of 2^53-1 leaves has such a tile"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "/tile/0/000",
            "tile/0/000/",
        ),
        *("tile/7/000", "tile/00/000", "tile/-1/000", "tile/data/000", "tile/Entries/000", "tile/0/000\n"),
        *(
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001",
            "tile/0/x001/x002",
            "tile/0/x01/002",
            "tile/0/X001/002",
        ),
        *(
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/999",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000.p",
        ),
        *(
            "tile/0/000.p/1/",
            "tile/0/../000",
            "tile/0/x001//002",
            "tile/0/０００",
            "tile/6/001",
            "checkpoint",
            "history/0",
        ),
        "tile/0/x035/x184/x372/x088/832",
        "tile/0/x999/x999/x999/x999/x999/999",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    assert refused(tiles.parse_path, path) == "tile.path"


@given(st.text("tile/0123456789x.pn \\", max_size=30))
def test_any_path_is_a_tile_or_refused(path: str) -> None:
    for text in (path, f"tile/0/{path}", f"tile/entries/{path}", f"tile/0/000{path}"):
        found = outcome(tiles.parse_path, text)
        assert found == "tile.path" or (isinstance(found, Tile) and found.path == text)


def test_history_paths() -> None:
    for number in (0, 7, 10, 123456):
        assert tiles.parse_history_path(tiles.history_path(number)) == number
    for path in (
        "history/",
        "history/00",
        "history/01",
        "history/-1",
        "history/x001",
        "history/1/",
        "history/1\n",
    ):
        assert refused(tiles.parse_history_path, path) == "history.path"


@pytest.mark.parametrize(
    ("level", "number", "width"), [(7, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_no_path_is_made_of_no_tile(level: int, number: int, width: int) -> None:
    with pytest.raises(ValueError, match="no tile"):
        tiles.tile_path(level, number, width)


def test_the_example_of_the_specification() -> None:
    """C2SP tlog-tiles: "a tree of size 70,000 will be represented by 273 full level 0 tiles, …"."""
    found = list(tiles.tiles_of(70_000))
    assert [tile for tile in found if tile.level == 0] == [
        *(Tile(0, n) for n in range(273)),
        Tile(0, 273, 112),
    ]
    assert [tile for tile in found if tile.level != 0] == [Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(tiles.tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles.tiles_of(0)) == list(tiles.bundles_of(0)) == []
    assert list(tiles.bundles_of(513)) == [Tile(None, 0), Tile(None, 1), Tile(None, 2, 1)]


@given(st.integers(0, 200_000))
def test_each_level_holds_every_whole_tile_of_the_level_below(size: int) -> None:
    found = list(tiles.tiles_of(size))
    for level in range(4):
        widths = [tile.width for tile in found if tile.level == level]
        assert sum(widths) == size // 256**level
        assert all(width == 256 for width in widths[:-1])
        assert 0 not in widths
    assert sum(tile.width for tile in tiles.bundles_of(size)) == size


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000])
def test_tiles_hold_the_tree(size: int) -> None:
    built = list(tiles.build_tiles(LEAVES[:size]))
    assert [tile for tile, _ in built] == list(tiles.tiles_of(size))
    for tile, data in built:
        hashes = tiles.decode_hashes(data)
        assert len(hashes) == tile.width
        step = 256 ** (tile.level or 0)
        start = (tile.number * 256 + tile.width - 1) * step
        assert hashes[-1] == merkle.Frontier.from_hashes(LEAVES[start : start + step]).root()


def tile_reader(size: int) -> tiles.TileReader:
    """Reads the tiles of a tree of this size, and fails on one that such a tree does not have."""
    held = {(tile.level, tile.number): data for tile, data in tiles.build_tiles(LEAVES[:size])}
    return lambda level, number: held[level, number]


def test_every_proof_from_the_tiles_of_a_small_tree() -> None:
    for size in (1, 2, 255, 256, 257, 300):
        node, root = tiles.node_from_tiles(tile_reader(size)), naive.tree_hash(LEAVES[:size])
        for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
            proof = merkle.inclusion_proof(index, size, node)
            assert proof == naive.path(index, LEAVES[:size])
            merkle.verify_inclusion(LEAVES[index], index, size, proof, root)
        for old in {1, 2, size // 2, size - 1} & set(range(1, size)):
            assert merkle.consistency_proof(old, size, node) == naive.proof(old, LEAVES[:size])


NODE = tiles.node_from_tiles(tile_reader(70_000))
ROOT = merkle.Frontier.from_hashes(LEAVES).root()


@given(st.integers(0, 69_999), st.integers(1, 69_999))
def test_proofs_from_the_tiles_of_a_large_tree(index: int, old: int) -> None:
    merkle.verify_inclusion(LEAVES[index], index, 70_000, merkle.inclusion_proof(index, 70_000, NODE), ROOT)
    old_root = merkle.Frontier.from_hashes(LEAVES[:old]).root()
    merkle.verify_consistency(old, 70_000, merkle.consistency_proof(old, 70_000, NODE), old_root, ROOT)


def test_a_tile_that_is_too_short_is_refused() -> None:
    node = tiles.node_from_tiles(lambda _level, _number: b"".join(LEAVES[:3]))
    assert node(0, 2) == LEAVES[2]
    assert node(1, 0) == merkle.node_hash(LEAVES[0], LEAVES[1])
    assert refused(node, 0, 3) == "tile.width"
    assert refused(node, 1, 1) == "tile.width"
    assert refused(node, 2, 0) == "tile.width"
    cut = tiles.node_from_tiles(lambda _level, _number: b"".join(LEAVES[:3])[:-1])
    assert refused(cut, 0, 2) == "tile.width"


def test_hashes_of_a_tile() -> None:
    assert tiles.decode_hashes(b"".join(LEAVES[:256])) == LEAVES[:256]
    for data in (b"", bytes(31), bytes(33), bytes(257 * 32)):
        assert refused(tiles.decode_hashes, data) == "tile.form"


ENTRIES = st.lists(st.binary(max_size=300), min_size=1, max_size=256)


@given(ENTRIES)
def test_bundles_go_round(entries: list[bytes]) -> None:
    bundle = tiles.encode_entries(entries)
    assert tiles.decode_entries(bundle) == entries
    for cut in {1, 2, len(bundle) // 2, len(bundle) - 1} - {0, len(bundle)}:
        shorter = outcome(tiles.decode_entries, bundle[:cut])
        assert shorter == "tile.form" or tiles.encode_entries(shorter) == bundle[:cut]


def test_the_bytes_of_a_bundle() -> None:
    assert tiles.encode_entries([b"ab", b"", b"c"]) == b"\0\2ab\0\0\0\1c"
    longest = bytes(65_535)
    assert tiles.decode_entries(b"\xff\xff" + longest) == [longest]
    assert tiles.decode_entries(b"\0\0" * 256) == [b""] * 256, "erased entries are there, and empty"


@pytest.mark.parametrize(
    "bundle", [b"", b"\0", b"\0\1", b"\0\1ab", b"\0\0\0", b"\0\0" * 257, b"\xff\xffshort"]
)
def test_other_bundles_are_refused(bundle: bytes) -> None:
    assert refused(tiles.decode_entries, bundle) == "tile.form"
    assert refused(tiles.decode_history, bundle) == "history.form"


@given(st.binary(max_size=60))
def test_any_bytes_are_a_bundle_or_refused(data: bytes) -> None:
    found = outcome(tiles.decode_entries, data)
    assert found == "tile.form" or tiles.encode_entries(found) == data


def test_history_files_have_the_same_frame_and_no_empty_note() -> None:
    assert tiles.encode_history([b"note", b"n"]) == b"\0\4note\0\1n"
    assert tiles.decode_history(b"\0\4note\0\1n") == [b"note", b"n"]
    assert refused(tiles.decode_history, b"\0\1n\0\0") == "history.form"
    for none in ([], [b""], [b"n"] * 257, [bytes(65_536)]):
        with pytest.raises(ValueError, match="no history file"):
            tiles.encode_history(none)


@pytest.mark.parametrize("entries", [[], [b""] * 257, [bytes(65_536)]])
def test_no_bundle_is_made_that_no_reader_would_take(entries: list[bytes]) -> None:
    with pytest.raises(ValueError, match="no bundle"):
        tiles.encode_entries(entries)
