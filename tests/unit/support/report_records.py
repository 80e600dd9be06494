"""Records of runs for the tests of the report, and what a browser would see of a page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from pytest_rollback.report.html import page
from pytest_rollback.run.run_record import salvaged

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 1_000_000


class ParsedPage(HTMLParser):
    """What elements, attributes and text a browser would find."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an element that closes itself."""
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Insist that elements are closed in order."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Remember a text."""
        self.text += data


def full(text: str = "plain") -> dict[str, Any]:
    """Return a record with this text wherever a text can be."""
    return {
        "run": text,
        "verdict": "NOT RECOVERED",
        "reasons": [text],
        "sentence": text,
        "system": text,
        "target": {"name": text, "connection": text, "demonstration": True},
        "incident": text,
        "operator": text,
        "started": text,
        "decided": "2026-11-24T06:12:00+01:00",
        "finished": None,
        "rto": 900.0,
        "elapsed": 41.2,
        "margin": 858.8,
        "previous": {"name": text, "commit": text},
        "current": {"name": text, "commit": None},
        "resume": text,
        "advice": {
            "words": text,
            "rules": [
                dict.fromkeys(("calls for", "id", "component", "measured"), text),
                {"threshold": text, "note": text},
            ],
            "notes": [text],
            "steps": [text],
        },
        "phases": [
            {"name": text, "budget": 60.0, "seconds": 5.0, "begin": 1.0, "state": text}
            | {"changes": [{"what": text, "why": text, "seconds": 0.5}]}
        ],
        "users": [{"second": 0, "up": 10, "maintenance": 0, "error": 1}],
        "users_asked_from": text,
        "users_problem": text,
        "outage_seconds": 2.1,
        "maintenance_seconds": 20.0,
        "criteria": [criterion(text)],
        "latency": [
            {"component": text, "probe": text, "samples_ms": [1.0, 2.0], "p50": 1.0, "p95": 2.0}
            | {"max": 2.0, "limit_ms": 100.0, "baseline_p95": None, "overhead_ms": 0.1}
        ],
        "checklist": [{"list": text, "item": text, "state": text, "by": [text]}],
        "versions": {text: text},
        "manifest": {"path": text, "sha256": text},
        "agent_sha256": text,
    }


def criterion(text: str, **changed: object) -> dict[str, Any]:
    """Return a failed criterion with this text everywhere."""
    names = ("id", "component", "suite", "title", "procedure", "message", "hint", "nodeid")
    return (
        dict.fromkeys(names, text)
        | {"phase": text, "outcome": "not met", "seconds": 0.1}
        | {"findings": [text], "evidence": {text: text, "nested": {text: [text]}}}
        | changed
    )


def rendered(data: dict[str, Any], redact: Callable[[str], str] = str) -> str:
    """Return the page's sections of what a report.json holds, whatever it holds."""
    return page.render(salvaged(data), redact)


def unchanged_but(secret: str) -> Callable[[str], str]:
    """Return a redactor of one secret."""
    return lambda text: text.replace(secret, "***")
