"""The files of a fleet's run: `fleet.json`, `fleet.html` and `junit.xml`, without secrets."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

from pytest_rollback.evidence.json_data import dump, loads, salvage
from pytest_rollback.evidence.redaction import Redactor, of_environment
from pytest_rollback.evidence.run_folder import write_private
from pytest_rollback.extras.fleet.judge import BACK, HostOutcome
from pytest_rollback.extras.fleet.record import FleetRecord, HostRecord
from pytest_rollback.extras.fleet.views.page import page

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
