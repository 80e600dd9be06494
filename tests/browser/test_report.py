"""The report in a real browser: what one reads, what does not run, and how it fits."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Made, make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chromium import Chromium

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
HIDDEN_BY_EDGE = """
[...document.querySelectorAll('main *, header *')]
  .filter(each => !each.closest('svg') && each.getBoundingClientRect().right > innerWidth + 1)
  .map(each => each.outerHTML.slice(0, 120)).join('\\n')
"""
CONTRAST = """
(() => {
  const channel = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b)
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number)
  const ground = each => {
    for (; each; each = each.parentElement) {
      const style = getComputedStyle(each), colour = parse(style.backgroundColor)
      if (style.backgroundImage !== 'none') return null
      if (colour.length === 3 || colour[3] > 0) return colour
    }
    return [255, 255, 255]
  }
  const low = []
  for (const each of document.querySelectorAll('body *')) {
    const own = [...each.childNodes].some(n => n.nodeType === 3 && n.data.trim())
    if (!own || each.closest('svg')) continue
    const back = ground(each)
    if (!back) continue
    const a = light(parse(getComputedStyle(each).color)), b = light(back)
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (ratio < 4.5) low.push(ratio.toFixed(2) + ' ' + each.outerHTML.slice(0, 100))
  }
  return low.slice(0, 5).join('\\n')
})()
"""


class Listener(HTTPServer):
    """A server on loopback that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[str] = []


class Answer(BaseHTTPRequestHandler):
    """Remembers the path; every request is one too many."""

    server: Listener

    def do_GET(self) -> None:
        """Remember a request."""
        self.server.asked.append(self.path)
        self.send_response(204)
        self.end_headers()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    """Return a server that a leaking page would ask."""
    server = Listener()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Made:
    """Return the report of a failed rollback full of hostile texts that name the listener."""
    beacon = f"http://127.0.0.1:{listener.server_port}"
    return make(tmp_path_factory.mktemp("failed"), "failed", beacon)


def test_verdict_comes_first(browser: Chromium, recovered: Made) -> None:
    """The first heading is the verdict; minutes, outage and maintenance are in the first window."""
    browser.open(recovered.path)

    assert browser.value("document.querySelector('h1').innerText") == "RECOVERED"
    top = browser.value("document.querySelector('header').innerText")
    assert all(each in top for each in ("DEMONSTRATION", "0m41s", "14m19s left", "2.1 s"))
    assert browser.value("document.querySelector('.tiles').getBoundingClientRect().bottom < 600")


def test_real_target_has_no_ribbon(browser: Chromium, failed: Made) -> None:
    """Only a demonstration says that it is one; a failed run shows the way on at the top."""
    browser.open(failed.path)

    top = browser.value("document.querySelector('header').innerText")
    assert "DEMONSTRATION" not in top
    assert "NOT RECOVERED" in top
    assert "--arm=production" in top


def test_timeline_is_drawn(browser: Chromium, recovered: Made) -> None:
    """Each phase has a bar, in order, as long as it took, inside the chart."""
    browser.open(recovered.path)

    names = browser.value("[...document.querySelectorAll('.name')].map(t => t.textContent)")
    boxes = browser.value(
        "[...document.querySelectorAll('svg[role=img] .bar')].slice(0, 6)"
        ".map(bar => { const r = bar.getBoundingClientRect(); return [r.left, r.width] })"
    )
    assert names == ["prepare", "isolate", "files", "configuration", "services", "validate"]
    assert [left for left, _ in boxes] == sorted(left for left, _ in boxes)
    assert boxes[4][1] == pytest.approx(boxes[1][1] * 19.9 / 5.6, rel=0.02)


def test_users_are_drawn(browser: Chromium, recovered: Made) -> None:
    """The chart shows all three kinds, with the maintenance page over most of its width."""
    browser.open(recovered.path)

    wide = browser.value(
        "document.querySelector('svg[role=img] .maintenance').getBoundingClientRect().width"
        " / document.querySelector('svg[role=img] .ground').getBoundingClientRect().width"
    )
    widest = browser.value(
        "Math.max(...[...document.querySelectorAll('svg[role=img] .maintenance')]"
        ".map(bar => bar.getBoundingClientRect().width))"
        " / document.querySelector('svg[role=img] .ground').getBoundingClientRect().width"
    )
    assert wide > 0
    assert widest == pytest.approx(28 / 48, abs=0.01)


def test_hostile_text_stays_text(browser: Chromium, failed: Made, listener: Listener) -> None:
    """Nothing in a record, a test id, a failure or an output runs, loads or makes elements."""
    browser.open(failed.path)

    assert browser.value("document.title").startswith("NOT RECOVERED")
    assert browser.value("document.querySelectorAll('script, img, link, iframe, b').length") == 0
    assert "<script>document.title='pwned'</script>" in browser.value("document.body.textContent")
    assert browser.requests() == [failed.path.as_uri()]
    assert listener.asked == []


def test_policy_stops_what_slips_through(
    browser: Chromium, failed: Made, listener: Listener
) -> None:
    """Even markup that got in runs no script and asks nobody, because the page's policy says so."""
    poisoned = failed.path.with_name("poisoned.html")
    address = f"http://127.0.0.1:{listener.server_port}"
    slipped = f"<script>document.title='pwned'</script><img src='{address}/slipped'>"
    poisoned.write_text(failed.path.read_text("utf-8").replace("</body>", slipped + "</body>"))

    browser.open(poisoned)

    assert browser.value("document.querySelectorAll('script').length") == 1
    assert browser.value("document.title").startswith("NOT RECOVERED")
    assert listener.asked == []


def test_style_is_allowed(browser: Chromium, recovered: Made) -> None:
    """The page's own style sheet passes its policy, and the browser complains about nothing."""
    browser.open(recovered.path)

    assert browser.value("getComputedStyle(document.querySelector('.tiles')).display") == "grid"
    complaints = [each for each in browser.events if each.get("method") == "Log.entryAdded"]
    assert complaints == []


@pytest.mark.parametrize("width", [400, 640, 641, 1280, 1600])
@pytest.mark.parametrize("name", ["recovered", "failed"])
def test_page_fits(
    browser: Chromium, request: pytest.FixtureRequest, name: str, width: int
) -> None:
    """From 400 to 1600 pixels nothing sticks out and nothing scrolls sideways, all unfolded."""
    browser.open(request.getfixturevalue(name).path, width=width)
    browser.value("document.querySelectorAll('details').forEach(each => { each.open = true })")

    assert browser.value("innerWidth") == width
    assert browser.value(OVERFLOW) == 0
    assert browser.value(HIDDEN_BY_EDGE) == ""


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read(browser: Chromium, failed: Made, *, dark: bool) -> None:
    """Every text has a contrast of at least 4.5 in light and in dark."""
    browser.open(failed.path, dark=dark)

    assert browser.value(CONTRAST) == ""


def test_dark_is_dark(browser: Chromium, recovered: Made) -> None:
    """The page follows the reader's preference."""
    colours = []
    for dark in (False, True):
        browser.open(recovered.path, dark=dark)
        colours.append(browser.value("getComputedStyle(document.body).backgroundColor"))

    assert colours == ["rgb(244, 245, 247)", "rgb(17, 21, 26)"]


def test_keyboard_opens_a_criterion(browser: Chromium, recovered: Made) -> None:
    """A criterion is reached and opened without a mouse; the first stop skips to the verdict."""
    browser.open(recovered.path)
    browser.press("Tab", 9)
    first = browser.value("document.activeElement.getAttribute('href')")
    browser.value("document.querySelector('#criteria ~ .rows summary').focus()")
    browser.press("Enter", 13)

    assert first == "#verdict"
    assert browser.value("document.activeElement.parentElement.open") is True


def test_landmarks_and_names(browser: Chromium, recovered: Made) -> None:
    """A screen reader finds banner, navigation, main and named sections; charts have a name."""
    browser.open(recovered.path)

    count = "['header', 'nav[aria-label]', 'main'].map(s => document.querySelectorAll(s).length)"
    assert browser.value(count) == [1, 1, 1]
    unnamed = (
        "[...document.querySelectorAll('section, aside')]"
        ".filter(s => !document.getElementById(s.getAttribute('aria-labelledby'))).length"
        " + document.querySelectorAll('svg:not([aria-label]):not([aria-hidden])"
        ":not([aria-hidden] svg)').length"
    )
    assert browser.value(unnamed) == 0
    broken = "[...document.querySelectorAll('nav a')].filter(a => !document.querySelector(a.hash))"
    assert browser.value(f"{broken}.length") == 0


def test_print_unfolds_what_decides(browser: Chromium, tmp_path: Path) -> None:
    """On paper each criterion has its line, of many met ones only that; the navigation is gone."""
    browser.open(make(tmp_path, "many").path)
    browser.ask("Emulation.setEmulatedMedia", media="print")
    hidden = browser.value("document.querySelector('nav').checkVisibility()")
    shown = "[...document.querySelectorAll('main {}')].map(e => e.checkVisibility())"
    rows = browser.value(shown.format(".criterion"))
    decisive = browser.value(shown.format(".evidence:not(.fold *)"))
    folded = browser.value(shown.format(".fold .evidence"))
    paper = browser.paper()

    assert hidden is False
    assert (all(rows), len(rows) > 0) == (True, True)
    assert (all(decisive), any(folded)) == (True, False)
    assert (len(decisive) > 0, len(folded) > 0) == (True, True)
    assert paper.startswith(b"%PDF")
