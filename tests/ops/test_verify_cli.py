"""`jjj-gateway verify` and `trust lint` as people run them, against a node that serves.

Every option does what it says, and the exit code is the answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from gateway.cli import main
from gateway.instants import format_time, shanghai_day
from tests.records import builders
from tests.simulator import NETWORK, Running, World, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
TYPE = builders.TYPE_CODES["permit"][0]
GOOD, REVOKED, ABSENT = (builders.food_number(serial) for serial in (1, 2, 3))
CASE = "通政务〔2026〕88号"


@dataclass
class Ran:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        [line] = self.out.splitlines()
        return orjson.loads(line)


@dataclass
class Counter:
    """A partner's counter where records of sanhe are asked about."""

    world: World
    node: Running
    before: str

    @property
    def trust(self) -> Path:
        return self.world.folder / "tongzhou" / "trust"

    async def run(self, *words: str | Path) -> Ran:
        """A command with an event loop of its own, as its process would have."""
        try:
            found = await asyncio.to_thread(CliRunner().invoke, main, [*map(str, words)])
        finally:
            structlog.reset_defaults()
        assert isinstance(found.exception, SystemExit | None), found.exception
        return Ran(found.exit_code, found.stdout, found.stderr)

    async def spawn(self, *words: str | Path) -> Ran:
        """A command in a process of its own."""
        command = (sys.executable, "-m", "gateway", *map(str, words))
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return Ran(process.returncode or 0, out.decode(), err.decode())

    async def verify(self, *words: str | Path) -> Ran:
        return await self.run("verify", *words, "--node", self.world.urls["tongzhou"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counter(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    folder = tmp_path_factory.mktemp("verify")
    async with World(folder, "sanhe", "tongzhou", served=("sanhe", "tongzhou")) as world:
        world.agreements = [world.agreement(unchanged=["content"])]
        world.found()
        sanhe, tongzhou = await world.start_all()
        await sanhe.publish(*(builders.licence(number=number) for number in (GOOD, REVOKED)))
        await tongzhou.mirrored("sanhe", 2)
        before = format_time((await eventually(lambda: _known(tongzhou))) + 1)
        state = {"code": "07", "since": "2026-11-20"}
        await sanhe.publish(builders.licence(number=REVOKED, state=state), kind="jjj.licence.revoked")
        await tongzhou.mirrored("sanhe", 3)
        await eventually(lambda: tongzhou.verdict(GOOD) == "recognised", "the source is heard")
        yield Counter(world, tongzhou, before)


def _known(node: Running) -> int:
    """When the node had the newest of the records of sanhe, ms."""
    row = node.node.mirrors.read.execute("SELECT max(known) FROM records").fetchone()
    return int(row[0] or 0)


async def test_recognised_is_0_with_purpose_and_case_in_answer_and_slip(counter: Counter) -> None:
    ran = await counter.verify(GOOD, "--purpose", "开办分店", "--case", CASE, "--json")
    assert ran.code == 0, ran
    assert (ran.json["verdict"], ran.json["purpose"], ran.json["case"]) == ("recognised", "开办分店", CASE)
    assert CASE in ran.json["slip"]


async def test_not_recognised_is_1_and_says_why_and_whom_to_call(counter: Counter) -> None:
    ran = await counter.verify(REVOKED)
    assert ran.code == 1
    for words in ("证照当前无效", "state.revoked", "010-0000-0001", "示例市场监督管理局"):
        assert words in ran.out, words


async def test_indeterminate_is_3(counter: Counter) -> None:
    ran = await counter.verify(ABSENT, "--type", TYPE, "--source", "sanhe", "--json")
    assert (ran.code, ran.json["verdict"], ran.json["checks"][0]["reason"]) == (3, "indeterminate", "no_record")
    assert ran.json["subject"] == f"{TYPE}:{ABSENT}"


async def test_as_of_a_day_before(counter: Counter) -> None:
    ran = await counter.verify(REVOKED, "--as-of", "2026-11-19", "--json")
    assert (ran.code, ran.json["as_of"]) == (0, "2026-11-19")
    ran = await counter.verify(REVOKED, "--as-of", "2026-11-20", "--json")
    assert ran.code == 1


async def test_known_at_an_instant_before(counter: Counter) -> None:
    ran = await counter.verify(REVOKED, "--known-at", counter.before, "--json")
    assert (ran.json["known_at"], ran.json["checks"][8]["reason"]) == (counter.before, "state.valid")


async def test_holder_and_type_narrow_what_is_found(counter: Counter) -> None:
    narrowed = await counter.verify(GOOD, "--holder", "示例甲食品有限公司", "--type", TYPE, "--json")
    assert narrowed.code == 0
    other = await counter.verify(GOOD, "--holder", "示例乙食品有限公司", "--json")
    assert (other.code, other.json["checks"][0]["reason"]) == (3, "found.other_holder")
    assert other.json["headline"] == "暂时无法核验"


async def test_several_are_listed_nothing_is_judged_and_one_is_chosen_as_the_list_says(counter: Counter) -> None:
    several = await counter.verify(builders.HOLDER, "--json")
    assert [len(several.json["matches"]), several.code] == [2, 3]
    told = (await counter.verify(builders.HOLDER)).out
    for words in ("请选定一项", "--source sanhe --subject", "暂时无法核验", GOOD, REVOKED):
        assert words in told, words
    chosen = next(match for match in several.json["matches"] if GOOD in match["subject"])
    ran = await counter.verify("--source", chosen["source"], "--subject", chosen["subject"], "--json")
    assert (ran.code, ran.json["subject"]) == (0, chosen["subject"])


async def test_what_is_presented_is_compared(counter: Counter) -> None:
    content = builders.licence()["content"]
    same = await counter.verify(GOOD, "--presented", f"content={content}", "--json")
    assert (same.code, same.json.get("warnings")) == (0, None)
    other = await counter.verify(GOOD, "--presented", "content=热食类食品制售", "--json")
    assert (other.code, other.json["headline"]) == (1, "真实有效，但协议不予互认")
    assert next(check for check in other.json["checks"] if check["name"] == "agreement")["detail"] == "content"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_list_is_answered_line_by_line_and_the_worst_counts(
    counter: Counter, tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{GOOD}\r\n\r\n{REVOKED}\r\n示例乙食品有限公司\r\n", encoding=encoding)
    ran = await counter.verify("--file", file, "--case", CASE, "--json")
    assert [answer["verdict"] for answer in ran.json] == ["recognised", "not_recognised", "indeterminate"]
    assert [answer["case"] for answer in ran.json] == [CASE] * 3
    assert ran.code == 1


async def test_a_table_gives_each_line_its_own_holder_purpose_and_case(counter: Counter, tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    rows = [f"{GOOD},示例甲食品有限公司,{CASE}", f"{GOOD},示例乙食品有限公司,", f'{REVOKED},"",通政务〔2026〕89号']
    file.write_text("\r\n".join(["证照编号,持证主体,办件编号", *rows]), encoding="gb18030")
    ran = await counter.verify("--file", file, "--purpose", "开办分店", "--json")
    assert [(each["verdict"], each.get("case"), each["purpose"]) for each in ran.json] == [
        ("recognised", CASE, "开办分店"),
        ("indeterminate", None, "开办分店"),
        ("not_recognised", "通政务〔2026〕89号", "开办分店"),
    ]
    told = (await counter.verify("--file", file)).out
    for words in ("予以互认", "证照当前无效", "state.revoked", "010-0000-0001", "予以互认 1"):
        assert words in told, words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("number,colour\nJY1,red\n", "colour"),
        ("holder,case\n示例,1\n", "number"),
        ("number,证照编号\nJY1,JY1\n", "含义相同"),
        ("number,case\nJY1,1,2\n", "第 2 行"),
        ("number,case\nJY1,1\n\n,2\n", "第 4 行"),
        ('number,case\nJY1,"1\n', "CSV"),
        ("\n\n", "没有要核验"),
    ],
)
async def test_a_list_that_cannot_be_read_is_refused_by_line_or_column(
    counter: Counter, tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(text)
    ran = await counter.verify("--file", file)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert "[question.form]" in ran.err


async def test_a_node_that_wants_a_token_is_asked_with_one(tmp_path: Path) -> None:
    heard: list[str | None] = []

    async def verifications(request: web.Request) -> web.Response:
        heard.append(request.headers.get("Authorization"))
        return web.json_response({"reason": "access.token"}, status=401)

    application = web.Application()
    application.add_routes([web.post("/v1/verifications", verifications)])
    token = tmp_path / "token"
    token.write_text("example-token\n")
    async with TestServer(application) as server:
        url = str(server.make_url("")).rstrip("/")
        command = (main, ["verify", GOOD, "--token", str(token), "--node", url])
        ran = await asyncio.to_thread(CliRunner().invoke, *command)
    structlog.reset_defaults()
    assert heard == ["Bearer example-token"]
    assert (ran.exit_code, "[access.token]" in ran.stderr) == (2, True)


async def test_a_list_of_more_than_a_request_takes(counter: Counter, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("\n".join([GOOD] * 501))
    ran = await counter.verify("--file", file, "--json")
    assert (ran.code, len(ran.json)) == (0, 501)


async def test_a_slip_is_checked_offline_from_the_whole_answer_or_alone(counter: Counter, tmp_path: Path) -> None:
    answer = await counter.verify(GOOD, "--case", CASE, "--json")
    whole, alone, edited = (tmp_path / name for name in ("answer.json", "slip.txt", "edited.txt"))
    whole.write_text(answer.out)
    alone.write_text(answer.json["slip"])
    edited.write_text(answer.json["slip"].replace("88号", "89号"))
    for file in (whole, alone):
        ran = await counter.run("verify", "--slip", file, "--trust", counter.trust, "--json")
        assert (ran.code, ran.json["case"]) == (0, CASE), ran
    assert CASE in (await counter.run("verify", "--slip", alone, "--trust", counter.trust)).out
    ran = await counter.run("verify", "--slip", edited, "--trust", counter.trust)
    assert (ran.code, "signature.invalid" in ran.err) == (1, True)
    assert (await counter.run("verify", "--slip", alone)).code == 2


async def test_a_slip_by_a_key_revoked_since_is_judged_by_its_date_and_that_is_said(
    counter: Counter, tmp_path: Path
) -> None:
    """The date is all that tells it from one that a thief wrote."""
    slip = tmp_path / "slip.txt"
    slip.write_text((await counter.verify(GOOD, "--json")).json["slip"])
    roster = json.loads((counter.trust / "roster.json").read_bytes())
    for at, code, words in (("2099-01-01", 0, "ask the node that gave it"), ("2020-01-01", 1, "key.revoked")):
        for key in (key for member in roster["jurisdictions"] for key in member["keys"] if key["role"] == "verdict"):
            key["revoked"] = {"at": at, "reason": "示例：密钥被盗", "good_below": {}}
        trust = tmp_path / at
        trust.mkdir()
        (trust / "roster.json").write_text(json.dumps(roster))
        ran = await counter.run("verify", "--slip", slip, "--trust", trust)
        assert (ran.code, words in ran.err) == (code, True), ran


async def test_what_a_scanner_reads_from_paper_is_checked_offline_alone_and_against_the_slip(
    counter: Counter, tmp_path: Path
) -> None:
    first, second = await counter.verify(GOOD, "--json"), await counter.verify(GOOD, "--json")
    code, slip, other, forged = (tmp_path / name for name in ("code.txt", "slip.txt", "other.txt", "forged.txt"))
    code.write_bytes(first.json["slip_code"].rstrip("\n").replace("\n", "\r\n").encode())  # as scanners type it
    slip.write_text(first.json["slip"])
    other.write_text(second.json["slip"])
    forged.write_text(first.json["slip_code"].replace("予以互认", "查无此证"))
    ran = await counter.run("verify", "--slip", code, "--trust", counter.trust, "--json")
    assert (ran.code, ran.json["headline"], ran.json["slip_number"]) == (0, "予以互认", first.json["slip_number"])
    assert first.json["slip_number"] in (await counter.run("verify", "--slip", code, "--trust", counter.trust)).out
    both = await counter.run("verify", "--slip", code, "--slip", slip, "--trust", counter.trust, "--json")
    assert (both.code, both.json["licence"]) == (0, first.json["licence"])
    ran = await counter.run("verify", "--slip", code, "--slip", other, "--trust", counter.trust)
    assert (ran.code, "slip.other" in ran.err) == (1, True)
    ran = await counter.run("verify", "--slip", forged, "--trust", counter.trust)
    assert (ran.code, "signature.invalid" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((GOOD, "--as-of", "2026-02-30"), "date.form"),
        ((GOOD, "--file", "list.txt"), "question.form"),
        ((GOOD, "--known-at", "2026-01-01"), "time.form"),
        ((GOOD, "--presented", "content"), "question.form"),
        ((GOOD, "--case", "示例\u202e"), "question.form"),
        ((), "question.form"),
        (("--file", "no such file"), "file.unreadable"),
    ],
)
async def test_a_question_that_is_none_is_2_with_its_reason(
    counter: Counter, words: tuple[str, ...], reason: str
) -> None:
    ran = await counter.verify(*words)
    assert (ran.code, ran.out) == (2, "")
    assert f"[{reason}]" in ran.err
    assert "Traceback" not in ran.err


async def test_one_bad_question_of_a_list_hides_no_other_answer(counter: Counter, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{GOOD}\n{'长' * 3_000}\n")
    ran = await counter.verify("--file", file, "--json")
    assert [each.get("verdict", each.get("reason")) for each in ran.json] == ["recognised", "question.form"]
    assert ran.code == 2


async def test_the_exit_code_of_a_process_is_the_answer(counter: Counter) -> None:
    ran = await counter.spawn("verify", REVOKED, "--json", "--node", counter.world.urls["tongzhou"])
    assert (ran.code, ran.json["verdict"], ran.err) == (1, "not_recognised", "")


async def test_a_node_that_is_not_there_is_2(counter: Counter) -> None:
    ran = await counter.run("verify", GOOD, "--node", "http://127.0.0.1:9")
    assert (ran.code, "[node.unreachable]" in ran.err) == (2, True)


# trust lint


async def test_lint_lists_what_is_wrong_and_who_recognises_what(counter: Counter) -> None:
    ran = await counter.run("trust", "lint", counter.trust, "--at", "2026-11-23")
    assert (ran.code, ran.err) == (1, "")
    assert "2026-001" in ran.out
    assert "lint.authority_contradicts" in ran.out  # this world's one authority is everybody's own
    assert ran.out.count("✘") == 1


async def test_lint_of_another_day_finds_what_has_ended_by_then(counter: Counter) -> None:
    ran = await counter.run("trust", "lint", counter.trust, "--at", "2039-12-01", "--json")
    found = ran.json
    assert (ran.code, found["ok"]) == (1, False)
    assert {each["weight"] for each in found["findings"]} == {"fault", "note"}
    assert {each["reason"] for each in found["findings"]} == {
        "lint.key_ending",
        "lint.authority_contradicts",
        "lint.authority_region",
    }
    assert found["matrix"][0].keys() == {"issued_by", "recognised_by", "type", "carried", "agreements"}
    assert found["findings"][0]["detail"].startswith(f"verdict {NETWORK}/sanhe/verdict")


async def test_lint_of_today_looks_at_this_very_instant(counter: Counter) -> None:
    before = format_time(int(time.time() * 1000))
    today = shanghai_day(int(time.time())).isoformat()
    looked = (await counter.run("trust", "lint", counter.trust, "--at", today, "--json")).json["at"]
    assert before[:19] <= looked[:19] <= format_time(int(time.time() * 1000))[:19]


@pytest.mark.parametrize(("at", "folder"), [("2026-02-30", "trust"), ("2026-01-01", "nowhere")])
async def test_lint_that_cannot_read_is_2(counter: Counter, at: str, folder: str) -> None:
    ran = await counter.run("trust", "lint", counter.world.folder / "tongzhou" / folder, "--at", at)
    assert (ran.code, "Traceback" in ran.err) == (2, False)
