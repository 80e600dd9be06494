"""What units wrote since they started: errors by priority and by text, without known noise."""

from __future__ import annotations

import datetime as dt
import os
import time

from ...configuration.units import outputs
from ...errors import HostError
from ...messages.logs import ComponentLog, LogReport, LogReports, LogsRequest
from . import coverage, journald, log_file, offsets, written, zones
from .findings import ErrorRules, LogErrors, counted, rules
from .order import AHEAD, Order
from .reading import read
from .timelimit import Slow, limited

URGENT = 3
"""The journal's priority `err`; smaller numbers are worse."""


class SilentLog(HostError):
    """A log from which nothing can be concluded."""


def look(request: LogsRequest) -> LogReports:
    """Return for each component what its log says, from its unit's start or `window` ago to now."""
    until = time.monotonic() + request.timeout
    host = written.host(request.units)
    places = {asked.unit: asked.logs for asked in request.components}
    if request.units is not None:
        places = outputs.resolved(request.units.manager, request.units.directory, places)
    told = [asked._replace(logs=places[asked.unit]) for asked in request.components]
    return LogReports({asked.name: component(request, asked, until, host) for asked in told})


def component(
    request: LogsRequest, asked: ComponentLog, until: float, host: written.Host
) -> LogReport:
    """Return what the logs of a component say together; `problem` where one proves nothing."""
    if asked.since is None:
        reason = f"{asked.unit} is not running: there is no start time to read its log from"
        return LogReport(", ".join(asked.logs), problem=reason, hint=f"start {asked.unit}")
    if not asked.logs:
        reason = f"the files of {asked.unit} do not tell where it writes its log"
        hint = f"set log of component {asked.name} in rollback.toml"
        return LogReport("", problem=reason, hint=hint)
    start = max(began(asked.pid, asked.since), time.time() - request.window)
    reports = [
        silent(request, log, start)
        if log not in outputs.KEPT and written.is_unwritten(asked, log, start, host)
        else one(request, asked._replace(logs=(log,)), until)
        for log in asked.logs
    ]
    report = reports[0] if len(reports) == 1 else coverage.together(reports)
    more = written.elsewhere(asked, report.files, start, host)
    return coverage.with_others(
        report._replace(unread=more.unread),
        [beside(request, asked, file, until, start) for file in more.texts],
    )


def silent(request: LogsRequest, log: str, start: float) -> LogReport:
    """Return the report of a log to which its unit has written nothing since a time."""
    met = counted([], rules(request), set()).met
    return LogReport(log, seen=time.time() - start, files=(log,), met=met)


def beside(
    request: LogsRequest,
    asked: ComponentLog,
    file_: written.WrittenFile,
    until: float,
    start: float,
) -> LogReport:
    """Return what a unit wrote to a file that nobody described; it need not begin at the start."""
    alone = asked._replace(logs=(file_.place,), since=0.0)
    report = one(request._replace(window=time.time() - start, state=""), alone, until)
    return report._replace(files=(file_.place,))


def one(request: LogsRequest, asked: ComponentLog, until: float) -> LogReport:
    """Return what one log says, the only one of `asked`."""
    now, log = time.time(), asked.logs[0]
    start = max(began(asked.pid, asked.since or 0.0), now - request.window)
    stated = rules(request)
    try:
        if log in outputs.KEPT:
            return journal(request, asked, stated, start, until)
        mark = offsets.marked(request.state, log)
        with zones.read_in(zones.of_log(log, asked.pid)):
            return file(asked, stated, start, now, until, mark=mark)
    except Slow as slow:
        words = f"{log}: the pattern of [logs] errors, or of its noise, takes too long in this line"
        return LogReport(log, problem=f"{words}: {slow.line[:80]}", hint=see(log))
    except HostError as problem:
        return LogReport(log, problem=problem.message, hint=problem.hint)
    except (OSError, EOFError) as error:
        words = getattr(error, "strerror", None) or str(error)
        name = getattr(error, "filename", None) or log
        hint = f"correct log of component {asked.name} in rollback.toml, or see 'ls -l {name}'"
        return LogReport(log, problem=f"{name}: {words}", hint=hint)


def began(pid: int, since: float) -> float:
    """Return when a process began, where its manager tells whole seconds only."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read()
    except OSError:
        return since
    ticks = int(fields.rpartition(")")[2].split()[19])
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    exact = boot + ticks / os.sysconf("SC_CLK_TCK")
    return exact if since <= exact <= since + 1.5 else since


def journal(
    request: LogsRequest, asked: ComponentLog, stated: ErrorRules, start: float, until: float
) -> LogReport:
    """Return what a unit wrote to the journal, or to what its container engine keeps."""
    now, left = time.time(), max(0.5, until - time.monotonic())
    path = (request.units and request.units.manager.socket) or ""
    if asked.logs[0] == "journal":
        found = journald.entries(asked.unit, start, left)
    else:
        found = journald.of_containers(path, asked.unit, start, left)
    texts = [read(entry.text) for entry in found.entries]
    urgent = {at for at, entry in enumerate(found.entries) if entry.priority <= URGENT}
    with limited(until - time.monotonic()):
        errors = counted(texts, stated, urgent)
    lines = sum(entry.pid != journald.INIT for entry in found.entries)
    first = min((entry.when for entry in found.entries), default=now)
    answer = reported(asked, errors, lines, now - (start if found.whole else first))
    # Silence is a fact where the manager's own words arrived, and the unit's would have.
    heard = (
        found.entries and journald.is_read(asked.pid) if found.arrives is None else found.arrives
    )
    if not (lines or errors.findings or heard):
        hint = f"journalctl -u {asked.unit} -n 20"
        if found.arrives is not None:
            hint = f"podman-compose -f {path} logs {asked.unit}; or docker compose"
        elif os.geteuid() != 0:
            hint = f"{hint}; {journald.RIGHTS}"
        problem = f"the {asked.logs[0]} has no line of {asked.unit} {ago(start, now)}"
        return answer._replace(problem=problem, hint=hint)
    return answer if found.whole else cut(asked, journald.MOST, answer)


def file(
    asked: ComponentLog,
    stated: ErrorRules,
    start: float,
    now: float,
    until: float,
    *,
    mark: offsets.LogMark,
) -> LogReport:
    """Return what a unit wrote to its log file; `mark` is where it begins to count."""
    path = asked.logs[0]
    part = log_file.part(path, start, until, mark.begin, asked.pid)
    lines = part.lines
    newest = next((line.when for line in reversed(lines) if line.when is not None), None)
    if newest is None:
        with limited(until - time.monotonic()):
            errors = counted(lines, stated, set())
        refuse_timeless(path, part, errors, start, now, is_marked=mark.begin > 0)
        return of_file(reported(asked, errors, len(lines), now - start), part)
    if newest > now + AHEAD:
        raise SilentLog(
            f"{path}: its times are {newest - now:.0f} s ahead of this host's clock",
            "log timestamps with a time zone, or set the clock",
        )
    order = Order(lines, start, now, mark.at)
    with limited(until - time.monotonic()):
        errors = counted(lines, stated, set(), order.is_old)
    if order.doubtful:
        doubt = coverage.backwards(path, lines[order.doubtful[0]], "at an error")
        report = of_file(reported(asked, errors, len(lines), 0.0), part)
        return report._replace(problem=doubt.problem, hint=doubt.hint)
    new = [at for at, line in enumerate(lines) if start <= (line.when or 0.0) <= order.latest]
    if not new and not errors.findings:
        raise SilentLog(
            f"{path}: no line {ago(start, now)}; {latest(part, newest, start)}", see(path)
        )
    first = new[0] if new else len(lines)
    is_known = mark.begin > 0 or not asked.since
    return dated(asked, part, errors, start, now, first=first, is_known=is_known)


def dated(
    asked: ComponentLog,
    part: log_file.LogTail,
    errors: LogErrors,
    start: float,
    now: float,
    *,
    first: int,
    is_known: bool,
) -> LogReport:
    """Return the report of a log with times, whose line `first` is the first one since the start.

    `is_known` tells that nothing is missing before it.
    """
    path, lines = asked.logs[0], part.lines
    begun = (lines[first].when or now) if first < len(lines) else now
    covers = part.reached and (is_known or coverage.is_covered(part, start, begun))
    seen = now - (start if covers else begun)
    answer = of_file(reported(asked, errors, len(lines) - first, seen), part)
    if not part.reached:
        return cut(asked, log_file.MOST, answer)
    doubt = coverage.doubt(path, part, start, first)
    if doubt is None and not covers and first < len(lines):
        doubt = coverage.short(path, part, first, answer.seen)
    return answer if doubt is None else answer._replace(problem=doubt.problem, hint=doubt.hint)


def refuse_timeless(
    path: str,
    part: log_file.LogTail,
    errors: LogErrors,
    start: float,
    now: float,
    *,
    is_marked: bool,
) -> None:
    """Refuse to conclude anything from lines without a time, unless none of them is an error.

    Where it is marked how far the log went before the start, all lines are of after it.
    """
    if part.written < start or not part.lines:
        raise SilentLog(f"{path}: nothing was written {ago(start, now)}", see(path))
    if not part.reached or (errors.findings and not is_marked):
        about = f"{len(errors.findings)} errors" if errors.findings else "32 MiB without an error"
        raise SilentLog(
            f"{path}: no known timestamps; {about} may be older than the start",
            "log ISO 8601 timestamps at the start of each line, or move the old log away",
        )


def reported(asked: ComponentLog, errors: LogErrors, lines: int, seen: float) -> LogReport:
    """Return the part of a report that all kinds of log have in common."""
    return LogReport(
        log=asked.logs[0],
        seen=max(0.0, seen),
        lines=lines,
        noise=errors.noise,
        errors=len(errors.findings),
        findings=tuple(errors.findings[: coverage.FINDINGS]),
        met=errors.met,
    )


def of_file(report: LogReport, part: log_file.LogTail) -> LogReport:
    """Return a report with the files that were read, and the bytes of them."""
    return report._replace(files=tuple(part.files), bytes=part.read)


def cut(asked: ComponentLog, most: int, report: LogReport) -> LogReport:
    """Return the report of a log that was not read whole, and therefore proves nothing."""
    said = f"only the last {report.seen:.0f} s of the log were read: they have {most >> 20} MiB"
    return report._replace(
        problem=said, hint=f"reduce the log of {asked.unit}, or shorten [logs] window"
    )


def latest(part: log_file.LogTail, newest: float, start: float) -> str:
    """Return what speaks for a log in another zone: written to just now, and dated long ago."""
    day = dt.datetime.fromtimestamp(newest).astimezone().isoformat(" ", "seconds")
    written = ", but the file was written later: check the time zone of its timestamps"
    return f"the newest is from {day}{written if part.written >= start else ''}"


def see(path: str) -> str:
    """Return the command that shows the end of a log."""
    return f"tail -n 20 {path}"


def ago(start: float, now: float) -> str:
    """Return how long a log was looked at, in words."""
    return f"in the {now - start:.0f} s since it started or its window began"
