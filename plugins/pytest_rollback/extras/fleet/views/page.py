"""`fleet.html`: one run over a fleet as a page: the verdict, all hosts, their phases and releases.

It has the look of the report of a run, and fits a telephone as well as a wide screen.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence

from jinja2 import Template

from pytest_rollback.errors import RTO_MISSED
from pytest_rollback.extras.fleet.judge import BACK, BAD, UNSURE, HostOutcome
from pytest_rollback.extras.fleet.record import FleetRecord, HostRecord, failures_first, word
from pytest_rollback.manifest.values import PHASES
from pytest_rollback.report.html.page import document, templates
from pytest_rollback.text.quantities import clock, count, moment

MOST = 12
"""Hosts of which is told why they are not well; the table has all of them."""

TEXT = """{% from "macros.html" import icon, badge, copy, more with context %}
<div class="page">
<header class="top">
<div class="banner {{ tone }}">
<p class="where">Fleet <span class="dot">·</span> <strong>{{ record.system }}</strong> on target
<strong>{{ record.target }}</strong></p>
<h1>{{ icon(tone) }}<span>{{ head }}</span></h1>
{% if rest %}<p class="sentence">{{ rest }}</p>
{% endif %}
</div>
<div class="why">
<ul class="chips" aria-label="Hosts by outcome">
{% for name, (number, kind) in counts.items() %}<li>{{ badge("%d %s"|format(number, name), kind) }}
</li>{% endfor %}
</ul>
{% if reasons %}<h2 class="small">Why</h2>
<ul class="reasons">{% for each in reasons %}<li>{{ each }}</li>
{% endfor %}</ul>{{ more(left, "hosts") }}{% endif %}
{% if record.code %}<div class="resume"><h2 class="small">To go on</h2>
{{ copy(record.command, "Command that goes on") }}</div>{% endif %}
</div>
</header>
<main>
<section aria-labelledby="hosts" class="card"><h2 id="hosts">Hosts, failures first</h2>
<ul class="chips">
{% for each in hosts %}<li>{% if each.report %}<a href="{{ each.report }}">{% endif %}
{{- badge(short[each.name], tone_of(each)) }}{% if each.report %}</a>{% endif %}</li>
{% endfor %}</ul></section>
<section aria-labelledby="phases" class="card"><h2 id="phases">Releases and phases</h2>
<div class="wide" tabindex="0" role="region" aria-label="Hosts, releases and phases">
<table><thead><tr><th scope="col">Host</th><th scope="col">Batch</th><th scope="col">Outcome</th>
<th scope="col">Before</th><th scope="col">After</th>
{% for name in phases %}<th scope="col">{{ name }}</th>
{% endfor %}</tr></thead><tbody>
{% for each in hosts %}<tr><th scope="row" title="{{ each.name }}">
{%- if each.report %}<a href="{{ each.report }}">{{ short[each.name] }}</a>
{%- else %}{{ short[each.name] }}{% endif %}</th><td>{{ each.batch }}</td>
<td>{{ badge(word(record, each), tone_of(each)) }}
{%- if each.late %} <span class="quiet">too late</span>{% endif %}</td>
<td>{{ each.before or "not asked" }}</td><td>{{ each.after or "not asked" }}</td>
{% for name in phases %}<td class="state">
{%- if name == each.failed_in %}{{ badge("failed", "bad") }}
{%- elif name in each.phases %}{{ clock(each.phases[name]) }}
{%- else %}{{ words.NOTHING }}{% endif %}</td>
{% endfor %}</tr>
{% endfor %}</tbody></table></div>
</section>
<section aria-labelledby="facts" class="card"><h2 id="facts">Facts</h2><dl class="facts">
{% for name, value in facts %}<div><dt>{{ name }}</dt><dd>{{ value }}</dd></div>
{% endfor %}</dl></section>
</main></div>
"""


@functools.cache
def template() -> Template:
    """Return the template; every value in it is escaped."""
    return templates().from_string(TEXT)


def tone(host: HostRecord) -> str:
    """Return how a host is marked: by a sign as well as by a colour."""
    if host.outcome in BAD or host.drained:
        return "doubt" if host.outcome in UNSURE else "bad"
    if host.outcome in BACK:
        return "good"
    return "idle" if host.outcome is HostOutcome.NEVER_BEGUN else "doubt"


def page(record: FleetRecord) -> str:
    """Return the page."""
    hosts = failures_first(record)
    head, rest = verdict(record)
    told = [each for each in hosts if each.drained or (each.why and each.outcome not in BACK)]
    piece = template().render(
        record=record,
        head=head,
        rest=rest,
        tone=whole_tone(record),
        counts=counted(record),
        reasons=[*reasons(record, told[:MOST])],
        left=len(told[MOST:]),
        hosts=hosts,
        short=shortened([each.name for each in hosts]),
        phases=[name for name in PHASES if any(name in each.phases for each in hosts)],
        facts=[(name, value) for name, value in facts(record) if value],
        tone_of=tone,
        word=word,
        clock=clock,
    )
    return document(record.sentence or f"{record.target}: not finished", [piece])


def verdict(record: FleetRecord) -> tuple[str, str]:
    """Return the verdict in a word or two, and how many hosts it is about."""
    if not record.sentence:
        at = f"batch {record.begun} of {record.batches}" if record.begun else "asks the hosts"
        return "NOT FINISHED", at
    if record.sentence.startswith(f"{record.good} "):
        return record.good, record.sentence.removeprefix(f"{record.good} ")
    head, _, rest = record.sentence.partition(": ")
    return head, rest


def whole_tone(record: FleetRecord) -> str:
    """Return how the verdict is marked."""
    if not record.sentence:
        return "note"
    if record.code in {0, RTO_MISSED}:
        return "doubt" if record.code else "good"
    return "doubt" if record.sentence.startswith("INCONCLUSIVE") else "bad"


def counted(record: FleetRecord) -> dict[str, tuple[int, str]]:
    """Return how many hosts ended how, and how that is marked; failures first."""
    found: dict[str, tuple[int, str]] = {}
    for each in failures_first(record):
        name = "under way" if each.is_under_way else word(record, each)
        found[name] = found.get(name, (0, tone(each)))[0] + 1, tone(each)
    return found


def shortened(names: Sequence[str]) -> dict[str, str]:
    """Return names without the domain that all of them have, each by the whole one."""
    domains = {each.partition(".")[2] for each in names}
    alike = len(domains) == 1 and not any(each[:1].isdigit() for each in names)
    return {each: each.partition(".")[0] if alike else each for each in names}


def reasons(record: FleetRecord, told: Iterable[HostRecord]) -> Iterator[str]:
    """Yield what stands against the verdict and some hosts, and what somebody has to do."""
    if record.stopped:
        yield f"Stopped: {record.stopped}"
    for host in told:
        yield f"{host.name}: {'; '.join(filter(None, (host.drained, host.why)))}"
    if record.undo:
        also = " --at-once" if record.at_once else ""
        yield f"Perhaps take back what was done: rollback fleet undo --arm={record.target}{also}"
    yield from record.guard
    yield from record.untold


def facts(record: FleetRecord) -> Iterator[tuple[str, str]]:
    """Yield what the run was; what does not apply is empty."""
    hosts = count(len(record.hosts), "host")
    yield "Run", record.run
    yield "Operator", record.operator
    yield "Started", moment(record.started)
    yield "Finished", moment(record.finished) if record.finished else "not finished"
    yield "Canary", record.canary
    yield "Batches begun", f"{record.begun} of {record.batches}"
    serve = f"at least {record.quorum} of {hosts}"
    yield "Served meanwhile", "nobody: all at once" if record.at_once else serve
    yield "Left alone", f"{record.others} by --limit={record.limit}" if record.limit else ""
    yield "Maintenance page", record.page
    for line in record.accepted:
        about, _, said = line.partition(": ")
        yield f"Shared {about}", said
