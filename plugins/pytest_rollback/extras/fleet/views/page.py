"""`fleet.html`: one run over a fleet as a page: verdict, grid of hosts, release table."""

from __future__ import annotations

import functools

from jinja2 import Environment, StrictUndefined, Template

from pytest_rollback.extras.fleet.judge import BACK, BAD, UNSURE, HostOutcome
from pytest_rollback.extras.fleet.record import FleetRecord, HostRecord, failures_first

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
        return "doubt" if host.outcome in UNSURE else "bad"
    if host.outcome in BACK:
        return "good"
    return "idle" if host.outcome is HostOutcome.NEVER_BEGUN else "doubt"


def page(record: FleetRecord) -> str:
    """Return the page."""
    return template().render(record=record, hosts=failures_first(record), tone=tone)
