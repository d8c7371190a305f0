"""A repository at a node's address is read as one in a folder, from the root that its reader holds."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.errors import CannotRun, Refused
from gateway.repository import condition
from gateway.repository.places import opened
from tests.repository.cities import DAY_S, FOUR, NOW, SIX, Cities, documents, roster


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def node(begun: Cities) -> Iterator[str]:
    """A node's address: the repository stands below ``/trust/``."""
    begun.publish(begun.propose(renew=True), *FOUR)
    (begun.folder / "web").mkdir()
    (begun.folder / "web" / "trust").symlink_to(begun.repository)
    with served(begun.folder / "web") as url:
        yield url


@pytest.mark.parametrize("end", ["", "/", "/trust", "/trust/"])
def test_what_is_fetched_is_what_is_published(begun: Cities, node: str, end: str) -> None:
    with opened(node + end) as (_, state):
        assert state is not None
        assert (state.files, state.base) == (documents(), begun.state().base)


def test_the_chain_begins_at_the_root_that_one_holds(begun: Cities, node: str) -> None:
    with opened(node, begun.repository / "metadata" / "1.root.json") as (_, state):
        assert state is not None
        assert state.root.version == 2
    (begun.folder / "other").mkdir()
    other = Cities(begun.folder / "other")
    other.begin()
    with (
        pytest.raises(Refused, match=r"trust\.repository"),
        opened(node, other.repository / "metadata" / "1.root.json"),
    ):
        pass


def test_a_changed_file_on_the_way_is_refused(begun: Cities, node: str) -> None:
    path = next((begun.repository / "targets").glob("*.roster.json"))
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    with pytest.raises(Refused, match=r"trust\.repository"), opened(node):
        pass


def test_more_than_a_repository_can_be_is_not_fetched(
    begun: Cities, node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(map(len, begun.files().values()))
    monkeypatch.setattr("gateway.repository.places.LARGEST", size // 2)
    with pytest.raises(CannotRun, match=r"source\.too_large"), opened(node):
        pass


def test_a_node_that_is_away_or_has_no_repository_is_said(tmp_path: Path) -> None:
    with served(tmp_path) as url, pytest.raises(CannotRun, match=r"source\.unreachable"), opened(url):
        pass
    with pytest.raises(CannotRun, match=r"source\.unreachable"), opened(url):
        pass


# How it stands


def test_days_left_are_told_and_what_is_over_is_not_good(begun: Cities) -> None:
    found = condition.of(begun.state(), NOW + 3600)
    assert {each.role: (each.version, each.days_left) for each in found.roles} == {
        "root": (1, 364), "targets": (1, 364), "snapshot": (1, 6), "timestamp": (1, 0),
    }  # fmt: skip
    assert found.good
    assert found.documents == {"roster": 3, "agreements": 2, "catalogue": 1}
    late = condition.of(begun.state(), NOW + 2 * DAY_S)
    assert [each.role for each in late.roles if each.over] == ["timestamp"]
    assert not late.to_json()["ok"]


def test_who_has_signed_and_who_has_not_is_told_by_jurisdiction(begun: Cities) -> None:
    proposal = begun.propose(roster())
    found = condition.collecting(begun.state(), proposal, begun.signed(proposal, *FOUR[:3]), NOW)
    told = found.to_json()
    assert [holder["jurisdiction"] for holder in told["signed"]] == list(FOUR[:3])
    assert {holder["jurisdiction"] for holder in told["unsigned"]} == set(SIX) - set(FOUR[:3])
    assert (told["missing"], told["ready"], told["fault"]) == (1, False, None)
    begun.publish(proposal, *FOUR)
    assert condition.collecting(begun.state(), proposal, begun.signed(proposal, *FOUR), NOW).published
    begun.publish(begun.propose(roster(5)), *FOUR)
    stale = condition.collecting(begun.state(), proposal, begun.signed(proposal, *FOUR), NOW)
    assert stale.to_json()["fault"]["reason"] == "trust.stale_proposal"
