"""Measuring many probes: percentiles, their certainty, and peers that are slow or down."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.agent.observe.probes import measurement, percentiles

if TYPE_CHECKING:
    from collections.abc import Iterator


class Page(http.server.BaseHTTPRequestHandler):
    """Answers after as many milliseconds as the path says.

    `/flaky` fails every third time, `/mixed` takes 30 ms every twentieth time.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    count = 0
    busy = 0
    busiest = 0

    def do_GET(self) -> None:
        """Answer."""
        Page.count += 1
        Page.busy += 1
        Page.busiest = max(Page.busiest, Page.busy)
        name = self.path[1:]
        mixed = 0.03 if name == "mixed" and Page.count % 20 == 0 else 0
        time.sleep(int(name) / 1000 if name.isdigit() else mixed)
        Page.busy -= 1
        self.send_response(500 if name == "flaky" and Page.count % 3 == 0 else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def peer() -> Iterator[str]:
    """A server that sleeps as long as its path says."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def probe(url: str, **more: object) -> dict[str, Any]:
    """Return a probe."""
    return {"url": url, "status": 200, "limit": 0.1, "timeout": 2.0, "samples": 50, **more}


def measure(**probes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Measure these probes."""
    return measurement.measure({"probes": probes, "timeout": 20.0})


def test_each_probe_has_its_percentiles_and_the_cost_of_asking(peer: str) -> None:
    """Milliseconds, as many samples as asked for, the overhead apart."""
    found = measure(quick=probe(f"{peer}/"), other=probe(f"{peer}/3", samples=60))

    assert list(found) == ["quick", "other"]
    assert len(found["quick"]["samples_ms"]) == 50
    assert len(found["other"]["samples_ms"]) == 60
    assert found["other"]["p50"] >= 3.0
    assert found["quick"]["p50"] <= found["quick"]["p95"] <= found["quick"]["max"]
    assert 0 < found["quick"]["overhead"] < found["other"]["p50"]
    assert found["quick"]["failed"] == 0


def test_slow_probes_are_measured_beside_each_other(peer: str) -> None:
    """Four that take 60 ms each are asked at the same time."""
    Page.busiest = 0
    found = measure(**{f"p{number}": probe(f"{peer}/60") for number in range(4)})

    assert Page.busiest == 4
    assert all(len(each["samples_ms"]) == 50 for each in found.values())


def test_a_peer_that_is_down_costs_little_and_says_why(peer: str) -> None:
    """No percentile of nothing; the others are measured all the same."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    started = time.monotonic()
    found = measure(down=probe(f"http://127.0.0.1:{port}/"), up=probe(f"{peer}/"))

    assert time.monotonic() - started < 5
    assert "refused" in found["down"]["problem"]
    assert (found["down"]["samples_ms"], found["down"]["p95"]) == ([], None)
    assert len(found["up"]["samples_ms"]) == 50


def test_a_peer_that_fails_now_and_then_is_caught(peer: str) -> None:
    """One question would have found it healthy. As many good answers as asked for are timed."""
    found = measure(flaky=probe(f"{peer}/flaky"))["flaky"]

    assert len(found["samples_ms"]) >= 50

    assert found["failed"] > 5
    assert "answered 500, not 200" in found["problem"]


def test_more_samples_are_taken_where_they_could_settle_the_matter(peer: str) -> None:
    """As long as the p95 may be on either side of the limit, and not for ever."""
    settled = measure(one=probe(f"{peer}/mixed"))["one"]
    open_ = measure(one=probe(f"{peer}/mixed", limit=0.015))["one"]

    assert len(settled["samples_ms"]) == 50
    assert len(open_["samples_ms"]) == 200
    assert open_["low"] < 15 < open_["high"]


@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=400))
def test_percentiles_are_values_in_order(samples: list[float]) -> None:
    """Each is one of the samples; the interval holds the percentile."""
    found = percentiles.summary(samples)

    assert {found[key] for key in ("p50", "p95", "low", "high", "max")} <= set(samples)
    assert found["p50"] <= found["p95"] <= found["max"]
    assert found["low"] <= found["p95"] <= found["high"]


def test_the_interval_has_the_ranks_of_the_binomial_distribution() -> None:
    """For 1,000 values: ranks 936 and 965 hold the 95th percentile with 95 % confidence."""
    assert percentiles.interval(list(range(1, 1001)), 0.95) == (936, 965)
    assert percentiles.interval(list(range(1, 51)), 0.95) == (44, 50)
