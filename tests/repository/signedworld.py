"""A simulated network whose trust data six administrators have signed.

    forge = sign(world, tmp_path / "repository", "sanhe", "tongzhou", holder="sanhe")
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from tests.repository.forge import Forge
from tests.simulator import World

DOCUMENTS = ("roster.json", "agreements.json", "catalogue.json")


def sign(world: World, folder: Path, *pinning: str) -> Forge:
    """Sign what the world has laid out. The nodes of ``pinning`` get the root, the first of them the repository too."""
    first = world.folder / pinning[0] / "trust"
    documents = {name: (first / name).read_bytes() for name in DOCUMENTS}
    forge = Forge(folder, now=int(time.time()), documents=documents)
    for place in pinning:
        trust = world.folder / place / "trust"
        for name in DOCUMENTS:
            (trust / name).unlink()
        (trust / "root.json").write_bytes(forge.pinned)
    show(forge, first)
    return forge


def show(forge: Forge, trust: Path) -> None:
    """The repository as it is now into a node's trust folder, the timestamp last."""
    for source in sorted(forge.folder.rglob("*.json"), key=lambda path: path.name == "timestamp.json"):
        place = trust / source.relative_to(forge.folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_name(f".{place.name}.new")
        shutil.copyfile(source, new)
        new.rename(place)
