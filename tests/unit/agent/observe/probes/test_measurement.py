"""Measuring many probes: percentiles, their certainty, and peers that are slow or down."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.agent.messages.probes.measurement import MeasureRequest, ResponseTimes
from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.agent.observe.probes import measurement, percentiles, sample
from pytest_rollback.agent.observe.probes.client import ProbeAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator


class Page(http.server.BaseHTTPRequestHandler):
    """Answers after as many milliseconds as the path says; `/flaky` fails every third time."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    count = 0
    busy = 0
    busiest = 0
    counting = threading.Lock()

    def do_GET(self) -> None:
        """Answer."""
        with Page.counting:
            Page.count += 1
            Page.busy += 1
            Page.busiest = max(Page.busiest, Page.busy)
            fails = self.path == "/flaky" and Page.count % 3 == 0
        name = self.path[1:]
        time.sleep(int(name) / 1000 if name.isdigit() else 0)
        with Page.counting:
            Page.busy -= 1
        self.send_response(500 if fails else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def peer() -> Iterator[str]:
    """A server that sleeps as long as its path says."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def probe(url: str, limit: float = 60.0, samples: int = 50) -> ProbeSpec:
    """Return a probe whose limit and timeout no answer of a busy host comes near."""
    return ProbeSpec(url=url, limit=limit, timeout=60.0, samples=samples)


def measure(**probes: ProbeSpec) -> dict[str, ResponseTimes]:
    """Measure these probes."""
    return measurement.measure(MeasureRequest(probes, 600.0)).probes


def test_each_probe_has_its_percentiles_and_the_cost_of_asking(peer: str) -> None:
    """Milliseconds, as many samples as asked for, the overhead apart."""
    Page.count = 0
    found = measure(
        quick=probe(f"{peer}/"),
        other=probe(f"{peer}/3", samples=60),
        slow=probe(f"{peer}/900", samples=2),
    )

    assert list(found) == ["quick", "other", "slow"]
    assert [len(each.samples_ms) for each in found.values()] == [50, 60, 2]
    quick, other, slow = (each.percentiles for each in found.values())
    assert quick
    assert other
    assert slow
    assert other.p50 >= 3.0
    assert quick.p50 <= quick.p95 <= quick.max
    assert 0 < (found["quick"].overhead_ms or 0) < slow.p50
    assert found["quick"].failed == 0
    assert Page.count == 50 + 60 + 2 + 3 * 2  # each also once for its pace, once to warm up


def test_slow_probes_are_measured_beside_each_other(peer: str) -> None:
    """Four that take 60 ms each are asked at the same time."""
    Page.busiest = 0
    found = measure(**{f"p{number}": probe(f"{peer}/60") for number in range(4)})

    assert Page.busiest == 4
    assert all(len(each.samples_ms) == 50 for each in found.values())


def test_a_peer_that_is_down_costs_little_and_says_why(peer: str) -> None:
    """A few questions, and no percentile of nothing; the others are measured all the same."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = measure(down=probe(f"http://127.0.0.1:{port}/"), up=probe(f"{peer}/"))

    assert found["down"].failed == sample.STOP_AFTER
    assert "refused" in str(found["down"].problem)
    assert (found["down"].samples_ms, found["down"].percentiles) == ((), None)
    assert len(found["up"].samples_ms) == 50


def test_a_peer_that_fails_now_and_then_is_caught(peer: str) -> None:
    """One question would have found it healthy. As many good answers as asked for are timed."""
    found = measure(flaky=probe(f"{peer}/flaky"))["flaky"]

    assert len(found.samples_ms) >= 50

    assert found.failed > 5
    assert "answered 500, not 200" in str(found.problem)


def test_more_samples_are_taken_where_they_could_settle_the_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As long as the p95 may be on either side of the limit, and not for ever."""

    def series(_probe: object, wanted: int, _until: float) -> sample.SampleSeries:
        times = [1.0 if number % 20 else 30.0 for number in range(wanted)]
        return sample.SampleSeries(times, 0, None, ProbeAnswer(200, "ok", 0.001))

    monkeypatch.setattr(sample, "measured", series)
    later = time.monotonic() + 600
    settled = measurement.one(probe("", limit=0.1), None, later)
    open_ = measurement.one(probe("", limit=0.015), None, later)

    assert len(settled.samples_ms) == 50
    assert len(open_.samples_ms) == 200
    assert open_.percentiles
    assert open_.percentiles.low < 15 < open_.percentiles.high


@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=400))
def test_percentiles_are_values_in_order(samples: list[float]) -> None:
    """Each is one of the samples; the interval holds the percentile."""
    found = percentiles.summary(samples)

    assert found
    assert set(found) <= set(samples)
    assert found.p50 <= found.p95 <= found.max
    assert found.low <= found.p95 <= found.high


def test_the_interval_has_the_ranks_of_the_binomial_distribution() -> None:
    """For 1,000 values: ranks 936 and 965 hold the 95th percentile with 95 % confidence."""
    assert percentiles.interval(list(range(1, 1001)), 0.95) == (936, 965)
    assert percentiles.interval(list(range(1, 51)), 0.95) == (44, 50)
