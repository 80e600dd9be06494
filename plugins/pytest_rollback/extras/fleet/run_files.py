"""The files of a fleet's run: `fleet.json`, `fleet.html` and `junit.xml`, without secrets."""

from __future__ import annotations

import functools
import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

from pytest_rollback.evidence.json_data import dump, loads, salvage
from pytest_rollback.evidence.redaction import Redactor, of_environment
from pytest_rollback.evidence.run_folder import write_private
from pytest_rollback.extras.fleet.judge import BACK, BAD, HostOutcome
from pytest_rollback.extras.fleet.record import FleetRecord, HostRecord, failures_first

DATA, PAGE, JUNIT = "fleet.json", "fleet.html", "junit.xml"


def place(record: FleetRecord, host: str) -> str:
    """Return the folder of a host, below that of the run."""
    number = [each.name for each in record.hosts].index(host) + 1
    name = "".join(c if c.isalnum() or c in ".-_" else "_" for c in host)
    return f"hosts/{number:03}-{name}"


def write(folder: Path, record: FleetRecord) -> None:
    """Write all three as the record is now."""
    redact = Redactor(of_environment(os.environ))
    keep(folder, record)
    replaced(folder / PAGE, redact.text(page(record)))
    replaced(folder / JUNIT, redact.text(junit(record)))


def read(folder: Path) -> FleetRecord | None:
    """Return the record in a folder; None where there is none that can be read."""
    try:
        return salvage(FleetRecord, loads((folder / DATA).read_bytes()))
    except (OSError, ValueError):
        return None


def keep(folder: Path, record: FleetRecord) -> None:
    """Write the record alone as it is now."""
    redact = Redactor(of_environment(os.environ))
    plain = dump(record)
    plain["process"] = record.process._asdict() if record.process else None
    plain["hosts"] = [{**dump(each), "outcome": each.outcome.value} for each in record.hosts]
    replaced(folder / DATA, json.dumps(redact.data(plain), indent=2) + "\n")


def replaced(path: Path, text: str) -> None:
    """Write a file, of which a reader sees the whole old or the whole new text at any instant."""
    new = path.with_name(f".{path.name}.new")
    write_private(new, text)
    new.replace(path)


def junit(record: FleetRecord) -> str:
    """Return the hosts as test cases; one that was never begun is an error, and no skip."""
    bad = [each for each in record.hosts if each.outcome not in BACK]
    failed = [each for each in bad if each.outcome is HostOutcome.FAILED]
    suite = ET.Element(
        "testsuite",
        name=f"fleet {record.target}",
        tests=str(len(record.hosts)),
        failures=str(len(failed)),
        errors=str(len(bad) - len(failed)),
    )
    for host in record.hosts:
        _case(suite, host)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def _case(suite: ET.Element, host: HostRecord) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"batch {host.batch}", name=host.name)
    if host.outcome not in BACK:
        kind = "failure" if host.outcome is HostOutcome.FAILED else "error"
        said = ET.SubElement(case, kind, message=f"{host.outcome.value}: {host.why}".rstrip(": "))
        said.text = host.drained or None


TEXT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ record.sentence }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 1rem auto; max-width: 70rem; padding: 0 1rem }
ul.grid { display: flex; flex-wrap: wrap; gap: .25rem; list-style: none; padding: 0 }
.grid a, .grid span { display: block; padding: .25rem .5rem; border: 2px solid; border-radius: 4px }
table { border-collapse: collapse; width: 100% } div.wide { overflow-x: auto }
th, td { text-align: left; padding: .25rem .5rem; vertical-align: top }
tr { border-bottom: 1px solid #8888 }
.grid .good { border-color: #2a7d46 } .grid .bad { border-color: #c62828; font-weight: bold }
.grid .doubt { border-color: #b26a00 } .grid .idle { border-color: #888; border-style: dashed }
</style></head><body>
<h1>{{ record.sentence or "not finished" }}</h1>
<p>{{ record.system }}, target {{ record.target }}, run {{ record.run }} by {{ record.operator }},
{{ record.started }} to {{ record.finished or "?" }}</p>
{% if record.stopped %}<p><strong>Stopped: {{ record.stopped }}</strong></p>{% endif %}
{% for each in record.guard %}<p>{{ each }}</p>
{% endfor %}
{% if record.undo %}<p>Perhaps take back what was rolled back: rollback fleet undo</p>{% endif %}
<p>Batch {{ record.begun }} of {{ record.batches }} was the last one begun; canary
{{ record.canary }}; {{ record.quorum }} of {{ record.hosts|length }} hosts had to serve.</p>
<ul class="grid" aria-label="Hosts, failures first">
{% for each in hosts %}<li>{% if each.report %}<a class="{{ tone(each) }}" href="{{ each.report }}">
{{- each.name }}: {{ each.outcome.value }}</a>{% else %}<span class="{{ tone(each) }}">
{{- each.name }}: {{ each.outcome.value }}</span>{% endif %}</li>
{% endfor %}</ul>
<div class="wide" tabindex="0" role="region" aria-label="Hosts and releases">
<table><thead><tr><th scope="col">Host</th><th scope="col">Batch</th><th scope="col">Outcome</th>
<th scope="col">Release before</th><th scope="col">Release after</th><th scope="col">Why</th>
<th scope="col">Report</th></tr></thead><tbody>
{% for each in hosts %}<tr><th scope="row">{{ each.name }}</th><td>{{ each.batch }}</td>
<td>{{ each.outcome.value }}</td><td>{{ each.before or "not asked" }}</td>
<td>{{ each.after or "not asked" }}</td><td>{{ each.drained }} {{ each.why }}</td>
<td>{% if each.report %}<a href="{{ each.report }}">report</a>{% else %}none{% endif %}</td></tr>
{% endfor %}</tbody></table></div>
</body></html>
"""


@functools.cache
def template() -> Template:
    """Return the template; every value in it is escaped."""
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(TEXT)


def tone(host: HostRecord) -> str:
    """Return how a host is marked: by a border as well as by words."""
    if host.outcome in BAD or host.drained:
        return "bad" if host.outcome is not HostOutcome.LOST else "doubt"
    if host.outcome in BACK:
        return "good"
    return "idle" if host.outcome is HostOutcome.NEVER_BEGUN else "doubt"


def page(record: FleetRecord) -> str:
    """Return the page."""
    return template().render(record=record, hosts=failures_first(record), tone=tone)
