"""The demo's trust data are signed by four of six, grow from run to run, and are refused anywhere else."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from gateway.demo import examplesigned
from gateway.demo.example import example_public_keys, example_trust
from gateway.errors import CannotRun
from gateway.node.config import Config
from gateway.node.measures import Measures
from gateway.node.signedtrust import SignedTrust
from gateway.repository import client
from gateway.repository.fetching import FolderFetcher

NOW = 1_795_400_000


def read(trust: Path, home: Path, now: int) -> client.Verified:
    root = client.pinned(trust)
    assert root is not None
    return client.refresh(home, root, FolderFetcher(trust), now)


def test_four_of_six_sign_documents_and_schemas(tmp_path: Path) -> None:
    examplesigned.publish(tmp_path / "trust", example_trust({}), now=NOW)
    found = read(tmp_path / "trust", tmp_path / "home", NOW)
    assert (found.threshold, found.keys) == (4, 6)
    assert {"roster.json", "agreements.json", "catalogue.json", "schemas/licence-1.0.json"} <= found.targets.keys()


def test_a_later_run_publishes_new_addresses_as_the_next_version(tmp_path: Path) -> None:
    trust = tmp_path / "trust"
    examplesigned.publish(trust, example_trust({}), now=NOW)
    read(trust, tmp_path / "home", NOW)
    for later, urls, version in ((1, {"sanhe": "http://127.0.0.1:1"}, 2), (2, {"sanhe": "http://127.0.0.1:1"}, 2)):
        now = NOW + later * 30 * 86_400
        examplesigned.publish(trust, example_trust(urls), now=now)
        found = read(trust, tmp_path / "home", now)
        assert orjson.loads(found.targets["roster.json"])["version"] == version
        assert found.expires["timestamp"] == now + 86_400


def test_a_year_later_it_is_signed_anew(tmp_path: Path) -> None:
    trust = tmp_path / "trust"
    examplesigned.publish(trust, example_trust({}), now=NOW)
    examplesigned.publish(trust, example_trust({}), now=NOW + 400 * 86_400)
    assert read(trust, tmp_path / "home", NOW + 400 * 86_400).versions["root"] == 2


def test_no_node_outside_the_demo_takes_its_root(tmp_path: Path) -> None:
    examplesigned.publish(tmp_path / "trust", example_trust({}), now=NOW)
    config = Config(tmp_path, "sanhe", data=tmp_path / "data", keys=tmp_path / "keys", trust=tmp_path / "trust")
    with pytest.raises(CannotRun, match=r"key\.example"):
        SignedTrust(config, Measures(), own_clock_slow=lambda: False, refused_keys=example_public_keys())
