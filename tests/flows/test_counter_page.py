"""The counter page in a real browser over the demo's six nodes: what a clerk sees, and what it does when things change.

Headless Chromium is driven as a clerk drives it. Where there is none the tests are skipped and say so; with
JJJ_BROWSER_REQUIRED set they fail. JJJ_SCREENSHOTS names a folder that keeps the pictures.
"""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image, ImageChops, ImageFilter, ImageOps
from playwright.async_api import Browser, Page, async_playwright, expect

from gateway.demo import cast, licences, scenes
from gateway.demo.stage import Stage
from gateway.node.door import Draft
from gateway.ops import slips
from gateway.recognition.verdict import Headline

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]
ASKING, SILENT, LATE = "tongzhou", "dachang", "xianghe"
PATIENCE_MS = 30_000
SCREEN = {"width": 1366, "height": 768}
NOBODYS = "JY19999999999999"
CASE = "通政务〔2026〕88号"
SWITCH_S = 60
"""After so long the style sheet makes a result old by itself."""
FAST = 400
HOSTILE = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
HEADLINES = {
    "recognised": "予以互认",
    "revoked": "证照当前无效",
    "restricted": "真实有效，但协议不予互认",
    "silent": "暂时无法核验",
    "nobody": "查无此证",
}
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Town:
    """The demo's six nodes, a browser, and where pictures go."""

    stage: Stage
    browser: Browser
    pictures: Path

    @property
    def url(self) -> str:
        return self.stage.url(ASKING)

    async def publish(self, place: str, kind: str, data: dict[str, Any]) -> None:
        [receipt] = await self.stage.node(place).publisher.publish([Draft(kind, data)])
        assert receipt.status == "logged", receipt

    async def issue(self, serial: int, **members: Any) -> dict[str, Any]:
        """A licence of nobody else's test, held by every node."""
        data = licences.issued("sanhe", cast.BUSINESS, serial, date(2025, 3, 3)) | members
        data.pop("valid_to", None)
        await self.publish("sanhe", "jjj.licence.issued", data)
        await self.stage.all_mirrored()
        return data


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One stage and one browser for all that is tested here; the silent source is silent already."""
    chromium = shutil.which("chromium")
    if chromium is None:
        told = "no browser: `chromium` is not installed (Debian: apt-get install chromium fonts-noto-cjk)"
        (pytest.fail if os.environ.get("JJJ_BROWSER_REQUIRED") else pytest.skip)(told)
    pictures = Path(os.environ.get("JJJ_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    async with Stage(tmp_path_factory.mktemp("stage"), base_port=0) as stage, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = Town(stage, browser, pictures)
        await stage.all_seal()
        for scene in scenes.scenes().values():
            for sample in scene.records:
                await opened.publish(sample.jurisdiction, sample.type, sample.data)
        await stage.all_mirrored()
        await stage.stop(SILENT)
        yield opened
        await browser.close()


@asynccontextmanager
async def clerk(town: Town, place: str = ASKING, **context: Any) -> AsyncIterator[Page]:
    """A clerk who has said what the case is; whatever the browser holds against the page fails the test."""
    settings = {"viewport": SCREEN, "locale": "zh-CN", **context}
    opened = await town.browser.new_context(**settings)
    page = await opened.new_page()
    page.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    await page.goto(town.stage.url(place))
    await page.fill("#purpose", "开办分店")
    await page.fill("#case", CASE)
    await page.press("#case", "Enter")
    await page.wait_for_selector("#q")
    yield page
    assert not faults
    await opened.close()


async def ask(page: Page, text: str) -> None:
    await page.fill("#q", text)
    await page.press("#q", "Enter")
    await page.wait_for_selector("#answer")


def number_of(name: str) -> str:
    return NOBODYS if name == "nobody" else scenes.scenes()[name].number


async def style(page: Page, selector: str, name: str) -> str:
    return str(await page.eval_on_selector(selector, f"(each) => getComputedStyle(each).{name}"))


# What is seen


@pytest.mark.parametrize("name", HEADLINES)
async def test_a_clerk_reads_each_of_the_five_headlines(town: Town, name: str) -> None:
    async with clerk(town) as page:
        if name == "silent":
            await town.stage.until(lambda: _is_stale(town), "the silent source is stale")
        await ask(page, number_of(name))
        await expect(page.locator("h1 .word")).to_have_text(HEADLINES[name])
        assert float((await style(page, "h1 .word", "fontSize")).removesuffix("px")) >= 40
        block = await page.locator(".verdict").bounding_box()
        assert block is not None
        assert block["y"] + block["height"] < SCREEN["height"]  # without scrolling
        await page.screenshot(path=town.pictures / f"{name}.png")
        await page.locator(".verdict .shape").screenshot(path=town.pictures / f"shape-{name}.png")


def _is_stale(town: Town) -> bool:
    ages = [view.age_s for view in town.stage.node(ASKING).views.of(SILENT, "licence")]
    return all(age is None or age > 6 for age in ages)


async def test_the_five_are_told_apart_in_grey_by_shape_alone(town: Town) -> None:
    shapes = {name: _outline(town.pictures / f"shape-{name}.png") for name in HEADLINES}
    for one, other in ((a, b) for a in shapes for b in shapes if a < b):
        differing = ImageChops.difference(shapes[one], shapes[other]).histogram()[255]
        assert differing > 0.1 * 96 * 96, f"{one} and {other} look alike"
    assert len({headline.zh for headline in Headline} - set(HEADLINES.values())) == 0


def _outline(file: Path) -> Image.Image:
    """White where the shape is, whatever the colour of the block."""
    grey = ImageOps.autocontrast(Image.open(file).convert("L")).resize((96, 96))
    return grey.point(lambda level: 255 if level > 128 else 0)


async def test_chinese_is_really_drawn(town: Town) -> None:
    drawn = """() => {
      const canvas = document.createElement("canvas"); canvas.width = canvas.height = 64;
      const pen = canvas.getContext("2d", {willReadFrequently: true});
      const family = getComputedStyle(document.querySelector(".ready")).fontFamily;
      return [..."予互认证\\uE123"].map((glyph) => {
        pen.clearRect(0, 0, 64, 64); pen.font = `48px ${family}`; pen.fillText(glyph, 4, 50);
        const inks = [...pen.getImageData(0, 0, 64, 64).data].filter((_, at) => at % 4 === 3);
        return inks.map((ink) => ink > 127 ? 1 : 0).join("");
      });
    }"""
    async with clerk(town) as page:
        bitmaps = await page.evaluate(drawn)
    assert len(set(bitmaps)) == len(bitmaps), "two characters look the same: a font is missing"
    assert all(bitmap.count("1") > 100 for bitmap in bitmaps[:-1])


async def test_the_language_is_switched(town: Town) -> None:
    async with clerk(town) as page:
        await ask(page, number_of("recognised"))
        await page.click("text=English")
        await expect(page.locator("h1 .word")).to_have_text("Recognised")
        await ask(page, number_of("revoked"))
        await expect(page.locator("h1 .word")).to_have_text("Licence not valid now")
        assert await page.get_attribute("html", "lang") == "en"
        await page.screenshot(path=town.pictures / "english.png")


async def test_the_keyboard_alone_suffices(town: Town) -> None:
    context = await town.browser.new_context(viewport=SCREEN)
    page = await context.new_page()
    await page.goto(town.url)
    for text in ("开办分店", CASE):
        await page.keyboard.insert_text(text)
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#q")
    await page.keyboard.insert_text(number_of("revoked"))  # as a scanner gun types: text, then Enter
    await page.keyboard.press("Enter")
    await expect(page.locator("h1 .word")).to_have_text(HEADLINES["revoked"])
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    await page.keyboard.press("Enter")
    await expect(page.locator("details[data-key=proof]")).to_have_attribute("open", "")
    assert "none" not in await style(page, "summary:focus", "outlineStyle")
    await page.screenshot(path=town.pictures / "proof.png", full_page=True)
    await context.close()


async def test_text_of_a_record_runs_nowhere(town: Town) -> None:
    data = await town.issue(9101, content=HOSTILE, remarks=HOSTILE)
    async with clerk(town) as page:
        await ask(page, data["number"])
        await expect(page.locator(".licence")).to_contain_text("onerror")
        assert await page.evaluate("window.hacked") is None
        assert await page.locator("img").count() == 0


# What changes while it is seen


async def test_what_is_revoked_elsewhere_is_said_on_screen(town: Town) -> None:
    data = await town.issue(9102)
    async with clerk(town) as page:
        await ask(page, data["number"])
        await expect(page.locator("h1 .word")).to_have_text("予以互认")
        await page.click("summary >> nth=0")
        await town.publish("sanhe", "jjj.licence.revoked", licences.after(data, "revoked", "07", date(2026, 6, 1)))
        await expect(page.locator("h1 .word")).to_have_text("证照当前无效", timeout=10_000)  # before the next round
        await expect(page.locator("#changed")).to_contain_text("予以互认 → 证照当前无效")
        await expect(page.locator("details[data-key=proof]")).to_have_attribute("open", "")
        await page.screenshot(path=town.pictures / "changed.png")


async def test_without_scripts_a_result_grows_old_by_itself(town: Town) -> None:
    async with clerk(town, java_script_enabled=False) as page:
        debugger = await page.context.new_cdp_session(page)
        await ask(page, number_of("recognised"))
        green = await style(page, ".verdict", "backgroundColor")
        assert await style(page, ".stale", "visibility") == "hidden"
        await debugger.send("Animation.enable")
        await debugger.send("Animation.setPlaybackRate", {"playbackRate": FAST})
        await _until(lambda: _is(page, ".stale", "visibility", "visible"))
        assert await style(page, ".verdict", "backgroundColor") != green
        assert await style(page, "#headline", "visibility") == "hidden"
        await page.emulate_media(media="print")
        assert await style(page, ".slip-body", "visibility") == "hidden"


async def _is(page: Page, selector: str, name: str, value: str) -> bool:
    return await style(page, selector, name) == value


async def _until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE_MS / 1000
    while not await condition():
        assert time.monotonic() < end, "it did not come true"
        await asyncio.sleep(0.05)


async def test_the_way_back_shows_no_old_result(town: Town) -> None:
    async with clerk(town) as page:
        await ask(page, number_of("recognised"))
        before = await page.locator(".actions .code").inner_text()
        await page.click(".home")
        await page.wait_for_selector(".ready")
        await page.go_back()
        await page.wait_for_selector("#answer")
        assert await page.locator(".actions .code").inner_text() != before
        await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
        assert await page.get_attribute("html", "data-stale") == "old"
        await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        await expect(page.locator("html")).not_to_have_attribute("data-stale", "old")


async def test_a_page_that_is_not_looked_at_is_grey_until_it_is_verified_again(town: Town) -> None:
    turn = """(hidden) => {
      Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    async with clerk(town) as page:
        await ask(page, number_of("recognised"))
        before = await page.locator(".actions .code").inner_text()
        await page.evaluate(turn, True)
        assert await page.get_attribute("html", "data-stale") == "old"
        await page.evaluate(turn, False)
        await expect(page.locator(".actions .code")).not_to_have_text(before)
        await expect(page.locator("html")).not_to_have_attribute("data-stale", "old")


async def test_a_node_that_stops_answering_turns_the_page_grey(town: Town) -> None:
    data = await town.issue(9103)
    async with clerk(town, place=LATE) as page:
        await ask(page, data["number"])
        coloured = await style(page, ".verdict", "backgroundColor")
        await town.stage.stop(LATE)
        await expect(page.locator("html")).to_have_attribute("data-stale", "lost")
        await expect(page.locator(".stale-word.when-lost")).to_have_text("连接中断，结果可能已过时")
        assert not await page.locator("#headline").is_visible()
        assert await style(page, ".verdict", "backgroundColor") != coloured
        await page.screenshot(path=town.pictures / "lost.png")
        await page.emulate_media(media="print")
        assert await page.locator(".slip-void").is_visible()
        assert not await page.locator(".slip-body").is_visible()
        await page.emulate_media(media="screen")
        await town.stage.start(LATE)
        await expect(page.locator("html")).not_to_have_attribute("data-stale", "lost")
        assert await style(page, ".verdict", "backgroundColor") != "rgb(217, 221, 226)"


# On paper


async def test_the_code_of_a_printed_slip_is_read_from_bad_paper_and_checked_offline(town: Town) -> None:
    async with clerk(town, device_scale_factor=300 / 96) as page:
        await ask(page, number_of("restricted"))
        slip = await page.locator("#slip").text_content()
        number = await page.locator(".actions .code").inner_text()
        pdf = await page.pdf(path=town.pictures / "slip.pdf", prefer_css_page_size=True)
        await page.emulate_media(media="print")
        printed = await page.locator(".slip").screenshot(path=town.pictures / "slip.png")
        box = await page.locator(".qr").bounding_box()
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") == 1
    assert box is not None
    assert abs(box["width"] / 96 * 25.4 - 40) < 0.5  # mm
    paper = Image.open(io.BytesIO(printed)).convert("L").filter(ImageFilter.GaussianBlur(1))
    turned = paper.rotate(5, expand=True, fillcolor=255)
    [found] = zxingcpp.read_barcodes(turned)
    assert len(found.text.encode()) <= 400
    checked = slips.Checked()
    trust = town.stage.folder / ASKING / "data/trust"
    checked.add(found.text.encode(), trust)
    assert (checked.printed["slip_number"], checked.printed["headline"]) == (number, HEADLINES["restricted"])
    assert slip is not None
    checked.add(slip.encode(), trust)
    assert (checked.answer["slip_number"], checked.answer["case"]) == (number, CASE)
