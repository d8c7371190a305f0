"""The commands of ``jjj-gateway trust`` as administrators type them: what they say, what they write, how they end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.demo.example import example_trust
from gateway.records.packaged import data_path
from tests.repository.cities import FOUR, SIX
from tests.trust import papers

CLEAN, FINDING, CANNOT_RUN = 0, 1, 2


class Desk:
    """A folder with keys, documents and a repository; ``jjj`` types a command there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "repository"

    def jjj(self, *words: str | Path, typed: str = "") -> Result:
        return CliRunner().invoke(main, ["trust", *map(str, words)], input=typed, catch_exceptions=False)

    def keys(self) -> None:
        for place in SIX:
            assert self.jjj("key", self.folder / f"{place}.pem", "--jurisdiction", place).exit_code == CLEAN
        assert self.jjj("key", self.folder / "trust-online.pem", "--jurisdiction", "tongzhou").exit_code == CLEAN

    def init(self, name: str = "p1.json") -> Path:
        roots = [word for place in SIX for word in ("--root-key", self.folder / f"{place}.pem.pub")]
        documents = [word for name in ("roster", "agreements", "catalogue") for word in (f"--{name}", self.paper(name))]
        online = ("--online-key", self.folder / "trust-online.pem.pub")
        done = self.jjj("init", self.repository, *roots, *online, *documents, "-o", self.folder / name)
        assert done.exit_code == CLEAN, done.output
        return self.folder / name

    def paper(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def sign(self, proposal: Path, *places: str) -> list[Path]:
        for place in places:
            key = ("--key", self.folder / f"{place}.pem")
            done = self.jjj("sign", proposal, "--repository", self.repository, *key, "--yes")
            assert done.exit_code == CLEAN, done.output
        return sorted(self.folder.glob(f"{proposal.name}.*.sig.json"))

    def publish(self, proposal: Path, signed: Sequence[Path]) -> Result:
        return self.jjj("publish", self.repository, proposal, *signed, "--online-key", self.folder / "trust-online.pem")

    def roster(self, version: int, **members: object) -> Path:
        document = json.loads(self.paper("roster").read_bytes()) | {"version": version} | members
        self.paper("roster").write_bytes(papers.written(document))
        return self.paper("roster")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Keys and the example's documents."""
    made = Desk(tmp_path)
    for name, content in example_trust({}).items():
        (tmp_path / name).write_bytes(content)
    made.keys()
    return made


def test_a_ceremony_of_six_is_published_by_four(desk: Desk) -> None:
    proposal = desk.init()
    three = desk.sign(proposal, *FOUR[:3])
    refused = desk.publish(proposal, three)
    assert (refused.exit_code, "trust.threshold" in refused.output) == (FINDING, True)
    assert "xianghe" in refused.output
    waiting = desk.jjj("status", desk.repository, proposal, *three, "--json")
    told = json.loads(waiting.output)["proposal"]
    assert (waiting.exit_code, told["missing"], told["ready"]) == (FINDING, 1, False)
    assert desk.publish(proposal, desk.sign(proposal, "binhai")).exit_code == CLEAN
    stands = desk.jjj("status", desk.repository)
    assert stands.exit_code == CLEAN
    assert all(text in stands.output for text in ("4/6", "tongzhou", "binhai", "timestamp"))
    assert desk.jjj("stamp", desk.repository, "--online-key", desk.folder / "trust-online.pem").exit_code == CLEAN
    again = desk.jjj("init", desk.repository, *_any_init(desk))
    assert (again.exit_code, "trust.exists" in again.output) == (CANNOT_RUN, True)


def _any_init(desk: Desk) -> list[str | Path]:
    papers = [word for name in ("roster", "agreements", "catalogue") for word in (f"--{name}", desk.paper(name))]
    keys = ["--root-key", desk.folder / "sanhe.pem.pub", "--online-key", desk.folder / "trust-online.pem.pub"]
    return [*keys, *papers, "--threshold", "1", "-o", desk.folder / "x.json"]


def test_signing_shows_what_changes_and_asks(desk: Desk) -> None:
    proposal = desk.init()
    words = ("sign", proposal, "--repository", desk.repository, "--key", desk.folder / "sanhe.pem")
    no = desk.jjj(*words, typed="n\n")
    assert no.exit_code == FINDING
    assert not list(desk.folder.glob("*.sig.json"))
    yes = desk.jjj(*words, typed="y\n")
    assert yes.exit_code == CLEAN
    assert "新增 根密钥 sanhe" in yes.output
    assert "threshold 4/6" in yes.output
    assert len(list(desk.folder.glob("p1.json.*.sig.json"))) == 1


def test_what_lint_calls_a_fault_is_not_signed_unless_despite(desk: Desk) -> None:
    document = json.loads(desk.paper("agreements").read_bytes())
    document["agreements"][0]["recognised_by"].append("nowhere")
    desk.paper("agreements").write_bytes(papers.written(document))
    proposal = desk.init()
    words = ("sign", proposal, "--repository", desk.repository, "--key", desk.folder / "sanhe.pem", "--yes")
    refused = desk.jjj(*words)
    assert (refused.exit_code, "trust.faults" in refused.output) == (FINDING, True)
    assert "lint.unknown_jurisdiction" in refused.output
    assert not list(desk.folder.glob("*.sig.json"))
    assert desk.jjj(*words, "--despite").exit_code == CLEAN


def test_at_an_address_nothing_is_signed_without_the_root_that_one_holds(desk: Desk) -> None:
    words = ("sign", desk.init(), "--repository", "http://127.0.0.1:9", "--key", desk.folder / "sanhe.pem", "--yes")
    refused = desk.jjj(*words)
    assert (refused.exit_code, "trust.pin" in refused.output) == (CANNOT_RUN, True)


def test_a_key_of_nobody_does_not_sign(desk: Desk) -> None:
    proposal = desk.init()
    key = desk.folder / "trust-online.pem"
    refused = desk.jjj("sign", proposal, "--repository", desk.repository, "--key", key, "--yes")
    assert (refused.exit_code, "trust.signer_unknown" in refused.output) == (FINDING, True)


def test_a_change_is_proposed_refused_and_proposed_anew(desk: Desk) -> None:
    first = desk.init()
    desk.publish(first, desk.sign(first, *FOUR))
    same = desk.jjj("propose", desk.repository, "--roster", desk.paper("roster"), "-o", desk.folder / "p2.json")
    assert (same.exit_code, "trust.unchanged" in same.output) == (FINDING, True)
    desk.roster(1, jurisdictions=json.loads(desk.paper("roster").read_bytes())["jurisdictions"][:5])
    low = desk.jjj("propose", desk.repository, "--roster", desk.paper("roster"), "-o", desk.folder / "p2.json")
    assert (low.exit_code, "trust.version" in low.output) == (FINDING, True)
    gone = desk.jjj("propose", desk.repository, "--roster", desk.roster(2), "-o", desk.folder / "p2.json")
    assert (gone.exit_code, "trust.removed" in gone.output) == (FINDING, True)
    assert "binhai" in gone.output
    assert not (desk.folder / "p2.json").exists()


def test_a_newer_schema_is_added_beside_the_old(desk: Desk) -> None:
    first = desk.init()
    desk.publish(first, desk.sign(first, *FOUR))
    old = (data_path("schemas") / "licence-1.0.schema.json").read_bytes()
    (desk.folder / "schemas").mkdir()
    (desk.folder / "schemas" / "licence-1.1.schema.json").write_bytes(old.replace(b"licence:1.0", b"licence:1.1"))
    proposal = desk.folder / "p2.json"
    made = desk.jjj("propose", desk.repository, "--schemas", desk.folder / "schemas", "-o", proposal)
    assert (made.exit_code, "added schema schemas/licence-1.1.json" in made.output) == (CLEAN, True)
    (desk.folder / "schemas" / "licence-1.0.schema.json").write_bytes(old.replace(b'"title"', b'"title" ', 1))
    other = desk.jjj("propose", desk.repository, "--schemas", desk.folder / "schemas", "-o", proposal)
    assert (other.exit_code, "trust.removed" in other.output) == (FINDING, True)


def test_a_root_key_is_replaced_added_and_taken_out(desk: Desk) -> None:
    first = desk.init()
    desk.publish(first, desk.sign(first, *FOUR))
    for place in ("sanhe", "wuqing"):
        desk.jjj("key", desk.folder / f"{place}-2.pem", "--jurisdiction", place)
    words = ["--root-key", desk.folder / "sanhe-2.pem.pub", "--root-key", desk.folder / "wuqing-2.pem.pub"]
    proposal = desk.folder / "p2.json"
    rotation = ("propose", desk.repository, *words, "--without", "binhai", "--threshold", "3", "-o", proposal)
    assert desk.jjj(*rotation).exit_code == CLEAN
    unknown = desk.jjj("propose", desk.repository, "--without", "nowhere", "-o", desk.folder / "p3.json")
    assert (unknown.exit_code, "trust.charter" in unknown.output) == (FINDING, True)
    assert desk.publish(proposal, desk.sign(proposal, *FOUR)).exit_code == CLEAN
    told = json.loads(desk.jjj("status", desk.repository, "--json").output)
    assert {key["jurisdiction"] for key in told["keys"]} == {*SIX, "wuqing"} - {"binhai"}
    assert (told["threshold"], told["roles"]["root"]["version"]) == (3, 2)


def test_an_empty_repository_and_a_file_that_is_missing_cannot_run(desk: Desk) -> None:
    assert desk.jjj("status", desk.repository).exit_code == CANNOT_RUN
    assert desk.jjj("propose", desk.repository, "--renew", "-o", desk.folder / "x").exit_code == CANNOT_RUN
    proposal = desk.init()
    assert desk.publish(proposal, [desk.folder / "none.sig.json"]).exit_code == CANNOT_RUN
    gone = desk.jjj("sign", desk.folder / "none.json", "--repository", desk.repository, "--key", desk.folder / "x")
    assert gone.exit_code == CANNOT_RUN
