"""A probe that changes something, such as an order, is asked once where others are asked often."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.shop import SERVICE, Shop

ORDERS = (
    """
    def do_POST(self):
        with open("{orders}", "a") as file:
            file.write("one\\n")
        body = b'{{"order": 1}}'
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
""",
    "    def log_message",
)


class OrderShop(Shop):
    """A shop that takes orders, and writes each of them down."""

    def up(self) -> None:
        """Install it; only then is it started."""
        super().up()
        self.control("stop", "all")
        method, before = ORDERS
        taken = SERVICE.replace(before, method.format(orders=self.orders) + before)
        for path in ("web/serve.py", "till/serve.py"):
            (self.root / path).write_text(f"{taken}# current\n")
        self.control("start", "all")

    @property
    def orders(self) -> Path:
        """Where they are written down."""
        return self.home / "orders"

    def document(self) -> dict[str, Any]:
        """Return the description, with a request of the component `web`."""
        found = super().document()
        url = f"http://127.0.0.1:{self.ports['web']}/orders"
        found["components"][0]["requests"] = ["order"]
        found["probes"]["order"] = {"url": url, "method": "POST", "json": {}, "changes": True}
        return found


@pytest.fixture
def shop() -> Iterator[OrderShop]:
    """The shop, up."""
    shop = OrderShop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    yield shop
    shop.down()


def test_an_order_is_placed_once(shop: OrderShop) -> None:
    """By readiness, which says so, and by validation; no baseline is kept of it."""
    code, printed = shop.pytest("suites/readiness")
    assert code == 0, printed
    assert shop.orders.read_text() == "one\n"
    (row,) = [
        each
        for each in shop.record()["criteria"]
        if (each["id"], each["component"]) == ("readiness.probes.answer", "web")
    ]
    assert "asked once, and not measured, because they change something" in str(row)

    shop.pytest("suites/validate")
    assert shop.orders.read_text() == "one\n" * 2
    assert shop.outcomes()["validate.requests.processed", "web"] == "met"
