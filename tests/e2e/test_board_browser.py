"""The board in a real browser: chromium, without a network and without a script of the page's own.

Screenshots are left in .cache/screenshots, to be looked at.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.backtest.command import main
from scripts.samples import history as sample_history
from scripts.terraform import ROOT
from tests.e2e.chromium import chromium
from tests.support.reports import HEADER, write_departments

SCREENSHOTS = ROOT / ".cache" / "screenshots"
HOSTILE = '<script>document.title="pwned"</script>'
HOSTILE_DEPARTMENTS = """
departments = {
  "<img src=x onerror=alert(1)> $x^2$ </svg><script>alert(2)</script>" = {
    services = ["<script>document.title=\\"pwned\\"</script>"]
    alerts = {
      "</style><b onclick=alert(3)>" = { threshold = 100, protocols = ["email"] }
      "$\\\\frac{1}{0}$"             = { threshold = 105, protocols = ["sms"] }
    }
  }
  averyveryverylongnameofadepartmentwithoutasinglespaceinitwhichgoesonandonandonandonandon = {
    services = ["Big"]
    alerts = {
      anotherverylongnameofalevelthatdoesnotfitanywhere = { threshold = 0, protocols = ["sms"] }
    }
  }
}
"""
# Each label of a threshold that touches a curve, a dot, a number or another text of its plot.
COLLISIONS = """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text')];
  const box = text => {
    const { x, y, width, height } = text.getBBox();
    return [x, x + width, y, y + height];
  };
  const line = svg.querySelector('.line'), points = [];
  for (const part of line.getAttribute('d').split('M').slice(1)) {
    const path = line.cloneNode();
    path.setAttribute('d', 'M' + part);
    for (let at = 0; at <= path.getTotalLength(); at += 0.5) points.push(path.getPointAtLength(at));
  }
  for (const dot of svg.querySelectorAll('circle'))
    points.push({x: +dot.getAttribute('cx'), y: +dot.getAttribute('cy')});
  return texts.filter(text => text.classList.contains('limit')).filter(text => {
    const [left, right, high, low] = box(text);
    return points.some(p => left - 2 < p.x && p.x < right + 2 && high - 2 < p.y && p.y < low + 2)
      || texts.some(other => { const [l, r, h, w] = box(other);
        return other !== text && left < r && l < right && high < w && h < low });
  }).map(text => text.textContent);
})"""
# What a page draws, and what its table holds, department by department.
READ = """() => [...document.querySelectorAll('article')].map(article => {
  const all = kind => [...article.querySelectorAll('figure svg .' + kind)];
  const dots = kind => all(kind).map(c => [+c.getAttribute('cx'), +c.getAttribute('cy')]);
  const cells = row => [...row.children].map(cell => cell.textContent);
  return {
    base: all('base')[0].getAttribute('d'),
    thresholds: all('threshold').map(path => path.getAttribute('d')),
    line: all('line')[0].getAttribute('d'), count: dots('count'), sent: dots('sent'),
    unknown: all('unknown').length,
    head: cells(article.querySelector('thead tr')),
    rows: [...article.querySelectorAll('tbody tr')].map(cells),
  };
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The board of the sample, and one of hostile names and large numbers, with gaps."""
    folder = tmp_path_factory.mktemp("board")
    sample, hostile = folder / "sample", folder / "hostile"
    sample_history.main([str(sample)])
    hostile.mkdir()
    write_departments(hostile, HOSTILE_DEPARTMENTS)
    for number, month in enumerate(["2025-10", "2025-11", "2026-01", "2026-02"]):
        rows = f'"{HOSTILE.replace(chr(34), chr(34) * 2)}",{90 + 10 * number}\nBig,9876543210\n'
        (hostile / f"{month}.csv").write_text(HEADER + rows, encoding="utf-8")
    for name, given in (("sample", sample), ("hostile", hostile)):
        departments = ["--departments", str(given / "departments.tfvars")]
        caption = ["--caption", sample_history.CAPTION if name == "sample" else HOSTILE]
        city = ["--city", "Springfield" if name == "sample" else HOSTILE]
        board = str(folder / f"{name}.html")
        assert main([str(given), *departments, *caption, *city, "--board", board]) == 3
    return {name: folder / f"{name}.html" for name in ("sample", "hostile")}


@dataclass
class Opened:
    """An open page, and all that it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture
def open_page(browser: Browser, pages: dict[str, Path]) -> Iterator[Open]:
    contexts = []

    def open_one(name: str, width: int = 1280, scheme: Any = "light", **options: Any) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True, **options
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on("dialog", lambda dialog: opened.complaints.append(dialog.message))
        opened.page.goto(pages[name].as_uri())
        return opened

    yield open_one
    for context in contexts:
        context.close()


SIZES = [(width, scheme) for width in (360, 1280) for scheme in ("light", "dark")]


@pytest.mark.parametrize("name", ["sample", "hostile"])
@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_page_asks_for_nothing_complains_of_nothing_and_fits(
    open_page: Open, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    opened = open_page(name, width, scheme)
    page = opened.page
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")

    wide = page.evaluate("document.documentElement.scrollWidth")

    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = false })")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"board-{name}-{width}-{scheme}.png", full_page=True)
    assert wide == width
    assert opened.requests == [pages[name].as_uri()]
    assert opened.complaints == []


@pytest.mark.parametrize("name", ["sample", "hostile"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, name: str, scheme: str) -> None:
    page = open_page(name, 360, scheme).page
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")

    results = Axe().run(page)

    assert "color-contrast" in [rule["id"] for rule in results.response["passes"]]
    assert results.response["violations"] == [], results.generate_report()


@pytest.mark.parametrize("name", ["sample", "hostile"])
def test_what_is_drawn_is_what_the_table_holds(open_page: Open, name: str) -> None:
    departments = open_page(name).page.evaluate(READ)

    assert len(departments) == (5 if name == "sample" else 2)
    for drawn in departments:
        rows = drawn["rows"][::-1]
        counts = [None if r[1] == "?" else int(r[1].replace(",", "")) for r in rows]
        limits = sorted(int(head.split(" over ")[1].replace(",", "")) for head in drawn["head"][2:])
        heights = sorted(
            (y for path in drawn["thresholds"] for _, y in ends(path)[:1]), reverse=True
        )
        zero = ends(drawn["base"])[0][1]
        (left, _), (right, _) = ends(drawn["base"])
        line = ends(drawn["line"])
        if limits[0]:  # the scale comes from a threshold; one at 0 gives none
            scale = limits[0] / (zero - heights[0])
        else:
            scale = max(c for c in counts if c is not None) / (zero - min(y for _, y in line))
        step = (right - left) / (len(rows) - 1)
        known = {i: count for i, count in enumerate(counts) if count is not None}

        found = {round((x - left) / step): (zero - y) * scale for x, y in line}

        assert found == pytest.approx(known, rel=0.001, abs=0.2)
        assert len(line) == len(known)
        assert drawn["count"] == [list(point) for point in line]
        alerts = [i for i, row in enumerate(rows) if "message" in row[2:]]
        assert [round((x - left) / step) for x, _ in drawn["sent"]] == alerts
        assert (drawn["unknown"] > 0) == (len(known) < len(counts))


@pytest.mark.parametrize("name", ["sample", "hostile"])
def test_no_label_touches_a_curve_or_another_text(open_page: Open, name: str) -> None:
    page = open_page(name).page

    assert page.locator("figure .limit").count() >= 2
    assert page.evaluate(COLLISIONS) == []


@pytest.mark.parametrize("name", ["sample", "hostile"])
def test_a_large_number_stands_beside_or_above_its_department_on_a_phone(
    open_page: Open, name: str
) -> None:
    page = open_page(name, 360).page

    ends = """e => { const r = document.createRange(); r.selectNodeContents(e);
      const { right, bottom } = r.getBoundingClientRect(); return [right, bottom] }"""
    for row in page.locator(".over li").all():
        box = row.locator(".words").bounding_box()
        right, bottom = row.locator(".count").evaluate(ends)

        assert box
        assert right < box["x"] or bottom < box["y"]
        assert box["width"] > 170


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_a_strips_months_stand_apart_and_within_it(open_page: Open, width: int) -> None:
    page = open_page("sample", width).page

    strips = page.evaluate("""() => [...document.querySelectorAll('.strip')].map(strip => {
      const edges = element => { const range = document.createRange();
        range.selectNodeContents(element); const r = range.getBoundingClientRect();
        return [r.left, r.right] };
      const { left, right } = strip.getBoundingClientRect();
      return { strip: [left, right], years: [...strip.querySelectorAll('b')].map(edges),
        months: [...strip.querySelectorAll('.year > span')].map(s => edges(s.lastChild)) };
    })""")

    assert len(strips) == 3
    for strip in strips:
        assert len(strip["months"]) == 24
        for kind in ("months", "years"):
            for (_, right), (left, _) in pairwise(strip[kind]):
                assert right < left, kind
            assert strip["strip"][0] - 1 < strip[kind][0][0]
            assert strip[kind][-1][1] < strip["strip"][1] + 1


def test_the_board_of_five_departments_prints_on_two_sheets(open_page: Open) -> None:
    page = open_page("sample").page
    page.emulate_media(media="print")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size({"width": 720, "height": 960})
    page.screenshot(path=SCREENSHOTS / "board-sample-print.png", full_page=True)

    for size in ("Letter", "A4"):
        pdf = page.pdf(format=size)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2


def ends(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path)]


def test_hostile_names_are_shown_and_do_nothing(open_page: Open) -> None:
    page = open_page("hostile").page
    for element in page.locator("article *").all():
        element.dispatch_event("click")

    assert page.locator("script, img, iframe, object, [onclick], [onerror]").count() == 0
    assert page.title().startswith(f"{HOSTILE}: backlog alerts, February 2026. <script>")
    headings = page.locator("article h3").all_inner_texts()
    assert "<img src=x onerror=alert(1)> $x^2$ </svg><script>alert(2)</script>" in headings
    labels = page.locator("figure .limit").all_text_contents()
    assert any("$\\frac{1}{0}$ 105" in label for label in labels), "no mathematics, no markup"


def test_everything_is_there_without_javascript(open_page: Open) -> None:
    page = open_page("sample", java_script_enabled=False).page

    assert page.locator("h2").inner_text().replace("\xa0", " ") == (
        "In February 2026, 3 of 5 departments are over a threshold"
    )
    page.locator("summary").first.click()
    assert page.locator("table").first.is_visible()
    assert sample_history.CAPTION in page.locator("header").inner_text()


def test_the_keyboard_reaches_links_and_tables_and_shows_where_it_is(open_page: Open) -> None:
    page = open_page("sample").page
    page.keyboard.press("Tab")
    focus = "getComputedStyle(document.activeElement).outlineStyle"

    assert page.evaluate("document.activeElement.tagName") == "A"
    assert page.evaluate(focus) == "solid"
    for _ in range(5):  # the links to the five departments
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.locator("table").first.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"
    assert page.evaluate(focus) == "solid"


def test_a_screen_reader_reads_what_each_plot_and_strip_shows(open_page: Open) -> None:
    page = open_page("sample").page

    plots = page.get_by_role("img", name=re.compile("open cases by month Lowest .* highest "))
    water = "water: open cases by month Lowest 54 in March 2024, highest"
    strips = page.get_by_role(
        "img", name=re.compile("^would have been sent in 12 of the last 24 months$")
    )

    assert plots.count() == 5
    assert page.get_by_role("img", name=re.compile(water.replace(" ", "."))).count() == 1
    assert strips.count() == 1


def test_dark_and_print_recolour_page_and_plots(open_page: Open) -> None:
    colours = """() => [document.body, document.querySelector('figure svg .line')].map(
      element => { const s = getComputedStyle(element); return [s.backgroundColor, s.stroke] })"""
    light = open_page("sample").page.evaluate(colours)
    dark_page = open_page("sample", scheme="dark").page
    dark = dark_page.evaluate(colours)

    dark_page.emulate_media(media="print")

    assert light[0][0] == "rgb(252, 252, 250)"
    assert dark[0][0] == "rgb(20, 23, 26)"
    assert (light[1][1], dark[1][1]) == ("rgb(11, 100, 112)", "rgb(92, 195, 207)")
    printed = dark_page.evaluate(colours)
    assert (printed[0][0], printed[1][1]) == ("rgb(255, 255, 255)", "rgb(11, 100, 112)")
