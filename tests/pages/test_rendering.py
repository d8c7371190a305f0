"""What the clerk sees, from the table of situations: five headlines, what to do, no text that becomes markup."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gateway.pages import rendering, verdictview
from gateway.pages.headlines import LOOKS, look
from gateway.pages.verdictview import verdict_view
from gateway.pages.words import WORDS, Words
from gateway.reasons import sentence
from gateway.recognition.answer import to_json
from gateway.recognition.facts import Desk
from gateway.recognition.verdict import Headline, judge
from tests.recognition.desk import Event, asked, credit_logs, fact
from tests.recognition.situations import SITUATIONS
from tests.records import builders

NAMES = {"sanhe": "河北省三河市"}
ISSUER = Desk("issuer", "示例市场监督管理局", "010-0000-0001", "工作日 9:00–17:00")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>{{7*7}}&amp;"


def answered(case: Any) -> dict[str, Any]:
    found = to_json(judge(case.question(), case.facts()))
    slip = {"slip_number": "20261123-110112-0123456789", "slip": "one line\n\n— name c2ln\n"}
    return {**found, **slip, **({"licence": builders.licence()} if "licence" in found else {})}


def shown(answer: dict[str, Any], known: dict[str, Any] | None = None, language: str = "zh") -> str:
    say = Words(language)
    view = verdict_view(answer, known, NAMES, say)
    frame = {"say": say, "here": "北京市通州区", "own_path": "/?q=1", "qr": None, "events": "/v1/events?subject=x"}
    return rendering.render("verdict.html", {**frame, "view": view})


class Reader(HTMLParser):
    """Elements with their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


FIRST_OF = {headline: next(each for each in SITUATIONS if each.headline == headline) for headline in LOOKS}


@pytest.mark.parametrize("headline", LOOKS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_headline_is_a_word_a_class_and_a_shape(headline: str, language: str) -> None:
    found = Reader(shown(answered(FIRST_OF[headline].asked), language=language))
    expected = LOOKS[headline]
    assert Words(language).of(expected.words) in found.text
    [block] = [attrs for tag, attrs in found.elements if tag == "section" and "verdict" in (attrs["class"] or "")]
    assert block["class"] == f"verdict {expected.key}"
    shapes = [attrs["d"] for tag, attrs in found.elements if tag == "path"]
    assert shapes == [expected.shape] * 2  # on screen and on paper


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_whatever_did_not_pass_stands_with_what_to_do_now(situation: Any) -> None:
    answer = answered(situation.asked)
    text = Reader(shown(answer)).text
    for check in answer["checks"]:
        if check["result"] != "PASS" and check["reason"] != "not_judged":
            assert check["zh"] in text
            assert sentence(check["reason"]).do_zh in text
    assert ("recognised" in shown(answer).split("verdict ")[1][:12]) == (situation.headline == "予以互认")


def test_whom_to_call_stands_with_number_and_hours() -> None:
    revoked = asked(history=(Event("issued"), Event("revoked", "2026-05-01")), desks=(ISSUER,))
    text = Reader(shown(answered(revoked))).text
    assert all(word in text for word in (ISSUER.name, ISSUER.phone, ISSUER.hours))


def test_a_headline_that_there_is_not_is_never_green() -> None:
    assert look("一切正常").key == Headline.UNAVAILABLE


def test_instants_are_told_by_the_clock_on_the_wall() -> None:
    assert "2026-11-23 10:03:04" in Reader(shown(answered(asked()))).text


def test_every_word_stands_in_both_languages_and_is_used() -> None:
    assert all(zh and en for zh, en in WORDS.values())
    files = (file for file in rendering.HERE.rglob("*") if file.suffix in (".html", ".py") and file.name != "words.py")
    everything = "".join(file.read_text() for file in files)
    prefixes = ("result.", "credit_", "effect.", "call_")
    assert not [name for name in WORDS if not name.startswith(prefixes) and f'"{name}"' not in everything]


# Hostile records


def poisoned(value: Any) -> Any:
    """The same shape with something hostile in every text."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, list):
        return [poisoned(each) for each in value]
    return {name: poisoned(each) for name, each in value.items()} if isinstance(value, dict) else value


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def test_text_of_a_record_never_becomes_markup() -> None:
    clean = answered(asked(credit=credit_logs(fact(summary="摘要"))))
    answer = {**clean, "licence": poisoned(builders.licence()), "subject": HOSTILE, "purpose": HOSTILE, "case": HOSTILE}
    answer["checks"] = [{**each, "detail": HOSTILE} for each in clean["checks"]]
    facts = [{**poisoned(each), "effect": "restricted"} for each in clean["credit"]["facts"]]
    answer["credit"] = {"answer": "restricted", "facts": facts}
    answer["warnings"] = [{"reason": "items.some_passed", "zh": HOSTILE, "en": HOSTILE, "detail": HOSTILE}]
    answer["slip"] = f"\n</pre>{HOSTILE}\n\n— a b\n"
    record = {"log": HOSTILE, "index": 0, "status": "logged", "size": 1, "leaf_hash": HOSTILE, "logged": answer["at"]}
    record |= {"type": "jjj.licence." + HOSTILE, "data": answer["licence"], "entry": "text\n\n— a/b AAAAAAAA\n"}
    page = shown(answer, {"history": [record]})
    found, harmless = Reader(page), Reader(shown(clean))
    lists = {"ol", "ul", "li", "a", "p", "br", "table", "caption", "thead", "tbody", "th", "td", "tr", "dl", "dt", "dd"}
    assert {tag for tag, _ in found.elements} <= {tag for tag, _ in harmless.elements} | lists
    assert not [name for _, attrs in found.elements for name in attrs if name.startswith("on") or name == "style"]
    assert "49" not in found.text.replace(HOSTILE, "")
    assert all(each.strip() in found.text for each in texts(answer["licence"]["holder"]) if "法人" not in each)


def test_no_template_and_no_file_of_the_pages_reaches_outside_or_runs_inline() -> None:
    for file in (rendering.HERE / "templates").iterdir():
        found = Reader(file.read_text())
        assert not [attrs for _, attrs in found.elements if "style" in attrs or any(n.startswith("on") for n in attrs)]
        assert all(attrs.get("src") for tag, attrs in found.elements if tag == "script")
        assert "|safe" not in file.read_text().replace(" ", "")
    everything = "".join(file.read_text() for file in rendering.HERE.rglob("*.*") if file.suffix != ".pyc")
    assert "http" + "://" not in everything.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in everything
    assert "innerHTML" not in everything


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("key", [each.key for each in LOOKS.values()])
def test_each_headline_has_a_contrast_of_seven(key: str) -> None:
    style = (Path(rendering.HERE) / "static" / "counter.css").read_text()
    colour = style.split(f".verdict.{key} {{ background: ")[1][:7]
    assert contrast(colour, "#ffffff") >= 7


@pytest.mark.parametrize(("status", "read"), [("logged", True), ("witnessed", True), ("quarantined", False)])
def test_a_record_of_the_history_reads_as_refused_only_where_it_was(status: str, read: bool) -> None:
    record = {"index": 0, "status": status, "type": "cn.jjj.licence.issued", "logged": "2026-11-23T02:13:20.000Z"}
    assert verdictview._event(record, None, Words("zh")).readable is read
