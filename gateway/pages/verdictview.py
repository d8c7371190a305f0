"""From an answer of the counter to what a template shows: order, words and instants; nothing is judged here.

Everything comes from ``Counter.verify`` and, for history and proof, ``Counter.licence``. What did not pass stands
first, each with what to do now and whom to call; what is not told is left out, never filled in.

>>> view = verdict_view(answer, counter.licence(source, subject), names, Words("zh"))
>>> view.look.key, view.at
('recognised', '2026-11-23 10:03:04')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.errors import Refused
from gateway.instants import format_time, parse_time
from gateway.pages.headlines import Look, look
from gateway.pages.words import EVENTS, KINDS, STATES, Words
from gateway.reasons import sentence
from gateway.records.families import CREDIT_KINDS, LICENCE_KINDS, LICENCE_STATES
from gateway.trust import notes

BEIJING_MS = 8 * 3_600_000
MOST_LINES = 16
Answer = Mapping[str, Any]
Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """A check that did not pass, or a warning: what it says, what to do now, whom to call."""

    result: str
    name: str
    reason: str
    text: str
    detail: str
    do: str
    call: str
    phone: str
    hours: str


@dataclass(frozen=True, slots=True)
class Event:
    """A record of the history."""

    name: str
    state: str
    since: str
    number: str
    logged: str
    index: int
    readable: bool
    present: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """Where the record stands that the verdict rests on. ``signers``: key names with their ids."""

    origin: str
    index: int
    size: int
    leaf_hash: str
    logged: str
    signers: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Log:
    """A log relied on. ``age_s``: seconds from its owner's word to the verdict, None without one."""

    origin: str
    size: int
    root: str
    heartbeat: str
    age_s: int | None
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerdictView:
    """One verdict, ready to be shown."""

    answer: Answer
    look: Look
    headline: str
    at: str
    known_at: str
    told: tuple[Told, ...]
    passed: tuple[str, ...]
    not_judged: tuple[str, ...]
    warnings: tuple[Told, ...]
    licence: tuple[Row, ...]
    items: tuple[Mapping[str, Any], ...]
    facts: tuple[Mapping[str, Any], ...]
    history: tuple[Event, ...]
    proof: Proof | None
    logs: tuple[Log, ...]


def beijing(instant: str) -> str:
    """An instant of the wire as a clerk's clock shows it, to the second."""
    try:
        return format_time(parse_time(instant) + BEIJING_MS)[:19].replace("T", " ")
    except (Refused, ValueError):
        return ""


def verdict_view(answer: Answer, known: Answer | None, names: Mapping[str, str], say: Words) -> VerdictView:
    """``known``: the licence with its history, as the counter has it; ``names``: of jurisdictions, by id."""
    shape = look(answer["headline"])
    checks = answer["checks"]
    told = [check for check in checks if check["result"] != "PASS" and check["reason"] != "not_judged"]
    history = known["history"] if known is not None else ()
    relied = _relied(answer, history)
    return VerdictView(
        answer,
        shape,
        say.of(shape.words),
        beijing(answer["at"]),
        beijing(answer["known_at"]) if "known_at" in answer else "",
        tuple(_told(check, say) for check in sorted(told, key=lambda check: check["result"])),
        tuple(_sentence(check, say) for check in checks if check["result"] == "PASS"),
        tuple(check["name"] for check in checks if check["reason"] == "not_judged"),
        tuple(_told({"result": "", "name": "", **warning}, say) for warning in answer.get("warnings", ())),
        tuple(_licence(answer, names, say)),
        tuple(_item(each, answer) for each in answer.get("licence", {}).get("items", ())),
        tuple({**fact, "kind": _kind(fact["kind"], say)} for fact in answer["credit"]["facts"]),
        tuple(_event(record, relied, say) for record in reversed(history)),
        _proof(relied) if relied is not None else None,
        tuple(_log(log, answer["at"]) for log in answer["relied_on"]),
    )


def _sentence(told: Answer, say: Words) -> str:
    return say.of((told["zh"], told["en"]))


def _told(check: Answer, say: Words) -> Told:
    row, desk = sentence(check["reason"]), check.get("call", {})
    call = desk.get("name") or (say(f"call_{row.call}") if row.call != "nobody" else "")
    return Told(
        check["result"],
        check["name"],
        check["reason"],
        _sentence(check, say),
        check.get("detail", ""),
        say.of((row.do_zh, row.do_en)),
        call,
        desk.get("phone", ""),
        desk.get("hours", ""),
    )


def _licence(answer: Answer, names: Mapping[str, str], say: Words) -> Iterable[Row]:
    """Rows of label and value, those that the record has; every value as it was published."""
    data = answer.get("licence")
    if data is None:
        return
    source = answer.get("source", "").rpartition(":")[2]
    values = {
        "number": data.get("number"),
        "type": data.get("type", {}).get("name"),
        "holder": data.get("holder", {}).get("name"),
        "uscc": data.get("holder", {}).get("uscc"),
        "legal_representative": data.get("legal_representative"),
        "issuer": data.get("issuer", {}).get("name"),
        "source": names.get(source, source),
        "valid": _valid(data, say),
        "state": _state(data, say),
        "state_reason": data.get("state", {}).get("reason"),
        "content": data.get("content"),
        "premises": "\n".join(data.get("premises", ())),
        "decision": _decision(data.get("decision", {})),
        "kind": _kind(data.get("kind", ""), say),
        "certificate_identifier": data.get("certificate_identifier"),
        "predecessor": data.get("predecessor", {}).get("subject"),
        "supplied_by": data.get("supplied_by", {}).get("name"),
        "remarks": data.get("remarks"),
    }
    yield from ((say(name), str(value)) for name, value in values.items() if value)


def _valid(data: Answer, say: Words) -> str:
    return f"{data['valid_from']} — {data.get('valid_to', say('forever'))}" if "valid_from" in data else ""


def _state(data: Answer, say: Words) -> str:
    state = data.get("state")
    if state is None:
        return ""
    return f"{_state_word(state['code'], say)} · {say('since')} {state['since']}"


def _state_word(code: str, say: Words) -> str:
    return say.of((LICENCE_STATES.get(code, code), STATES.get(code, code)))


def _kind(kind: str, say: Words) -> str:
    return say.of(((LICENCE_KINDS | CREDIT_KINDS).get(kind, kind), KINDS.get(kind, kind)))


def _decision(decision: Answer) -> str:
    return " ".join(str(decision[name]) for name in ("title", "number", "date", "category") if name in decision)


def _item(item: Answer, answer: Answer) -> dict[str, Any]:
    return {**item, "passed": "valid_to" in item and item["valid_to"] < answer["as_of"]}


def _relied(answer: Answer, history: Sequence[Answer]) -> Answer | None:
    """The record whose data the answer shows; the newest, where one was published twice."""
    data = answer.get("licence")
    found = [record for record in history if data is not None and record.get("data") == data]
    return found[-1] if found else None


def _event(record: Answer, relied: Answer | None, say: Words) -> Event:
    data, verb = record.get("data", {}), str(record.get("type", "")).rpartition(".")[2]
    state = data.get("state", {})
    name = say.of(EVENTS.get(verb, (verb, verb)))
    word = _state_word(state["code"], say) if "code" in state else ""
    return Event(
        name,
        word if word != name else "",
        state.get("since", ""),
        data.get("decision", {}).get("number", ""),
        beijing(record.get("logged", "")),
        record["index"],
        record["status"] in ("logged", "witnessed"),
        relied is not None and record["index"] == relied["index"],
    )


def _proof(record: Answer) -> Proof:
    lines = notes.parse(record["entry"].encode(), MOST_LINES).lines
    _, jurisdiction, family = f"//{record['log']}".rsplit("/", 2)
    return Proof(
        record["log"],
        record["index"],
        record["size"],
        record["leaf_hash"],
        beijing(record["logged"]),
        tuple(f"{line.name} ({line.key_id.hex()})" for line in lines),
        f"/v1/records/{jurisdiction}/{family}/{record['index']}/proof",
    )


def _log(log: Answer, at: str) -> Log:
    beat = log.get("heartbeat")
    return Log(
        log["origin"],
        log["size"],
        log.get("root", ""),
        beijing(beat) if beat is not None else "",
        max(0, (parse_time(at) - parse_time(beat)) // 1000) if beat is not None else None,
        tuple(log["witnesses"]),
    )
