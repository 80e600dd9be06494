"""The whole page: sections from templates, one style sheet, and no script at all."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pytest_rollback.evidence.json_data import dump
from pytest_rollback.report.html.availability import users
from pytest_rollback.report.html.checklist import checklists
from pytest_rollback.report.html.criteria import suites
from pytest_rollback.report.html.latency import probes
from pytest_rollback.report.html.presenter import Limits, Presenter, fit
from pytest_rollback.report.html.recommendation import advice
from pytest_rollback.report.html.timeline import timeline
from pytest_rollback.report.html.verdict import facts, verdict
from pytest_rollback.text import quantities

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_rollback.evidence.redaction import Redact
    from pytest_rollback.report.html.raw_log import Log
    from pytest_rollback.run.run_record import ManifestRecord, RunRecord

TEMPLATES = Path(__file__).with_name("templates")
STYLE = TEMPLATES / "report.css"
FRAGMENT = 640_000
LOG = 240_000


@functools.cache
def templates() -> Environment:
    """Return the templates; every value in them is escaped unless it is one of our own pieces."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(words=quantities)
    return found


def fill(name: str, **values: object) -> str:
    """Return a template with its values."""
    return templates().get_template(name).render(**values)


def sections(record: RunRecord, present: Presenter) -> str:
    """Return all sections of one record."""
    evidence = record.evidence
    return fill(
        "report.html",
        verdict=verdict(record, present),
        advice=advice(record, present),
        afterwards=present.texts(record.afterwards).shown,
        facts=facts(record, present),
        timeline=timeline(record, present),
        users=users(record, present),
        suites=suites(record, present),
        probes=probes(record, present),
        checklists=checklists(record.checklist, present),
        versions=present.pairs(record.versions),
        manifest=origin(record.manifest, present),
        agent=present.text(record.agent_sha256, 80),
        journal=present.text(evidence.journal, 80) if evidence else "",
    )


def origin(manifest: ManifestRecord, present: Presenter) -> list[tuple[str, str]]:
    """Return the names and values that identify a rollback.toml."""
    found = (("path", manifest.path), ("sha256", manifest.sha256))
    return [(name, present.text(value)) for name, value in found if value]


def render(record: RunRecord, redact: Redact) -> str:
    """Return a record as HTML to be placed in a page; at most 640 kB whatever it holds."""
    return fit(lambda limits: sections(record, Presenter(redact, limits)), FRAGMENT)


def render_log(log: Log) -> str:
    """Return the raw log as HTML; at most 240 kB."""

    def shown(limits: Limits) -> str:
        lines = log.lines(limits)
        left = len(log.entries) - len(lines)
        return fill("raw_log.html", lines=lines, left=left, total=len(log.entries))

    return fit(shown, LOG) if log.entries else ""


def defective(record: RunRecord, why: str, redact: Redact) -> str:
    """Return the fallback for a record that could not be rendered: its unformatted data."""
    known = json.dumps(dump(record), indent=2)
    sentence = record.sentence or record.verdict or "No verdict"
    return fill("defective.html", sentence=redact(sentence), known=redact(known), why=redact(why))


def title(record: RunRecord, redact: Redact) -> str:
    """Return what a browser's tab says."""
    top = verdict(record, Presenter(redact))
    return " · ".join(filter(None, (top.word, top.system, top.target, top.run)))


def fingerprint(text: str) -> str:
    """Return a style sheet's hash as a Content-Security-Policy wants it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def document(name: str, pieces: Iterable[str], styles: Iterable[Path] = (STYLE,)) -> str:
    """Return a complete page around pieces of HTML that are safe already.

    Its policy allows the one style sheet by its hash and nothing else: no script, no image,
    no font, no request, no form.
    """
    css = "\n".join(path.read_text("utf-8") for path in styles).replace("\r\n", "\n")
    return fill(
        "page.html",
        title=name,
        css=Markup(css),  # noqa: S704 - our own file, or one that the operator named
        policy=fingerprint(css),
        pieces=[Markup(piece) for piece in pieces],  # noqa: S704 - escaped when they were made
    )


def unfinished() -> str:
    """Return the page that is shown during a run, and after the run was killed."""
    return document("Run not finished", [fill("unfinished.html")])
