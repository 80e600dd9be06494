"""Changes a finished report: what people add to a run after its end, and its seal.

Report and record as the run had written them stay in `ended/`. Only what stands here may differ
from them: the checklist, and what became of the run.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence import archive, seal, signoffs
from pytest_rollback.evidence.afterwards import afterwards
from pytest_rollback.evidence.events import Event, as_data, kind_of
from pytest_rollback.evidence.json_data import Json, loads, salvage
from pytest_rollback.evidence.redaction import Redactor, of_environment
from pytest_rollback.evidence.run_folder import DATA, REPORT
from pytest_rollback.report.html.page import fill


def data_of(folder: Path) -> dict[str, Json] | None:
    """Return the data of `report.json`; None while the run goes on, or when it was killed.

    Raises:
        UsageError: it cannot be read.
    """
    path = folder / DATA
    try:
        found = loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}",
            hint=f"compare with the archive: tar -tzf {archive.archive_of(folder)}",
        ) from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} is not a record", hint="give a run folder")
    return found


def noted(folder: Path, event: Event) -> Event:
    """Append what somebody did to a run's timeline, without secrets; return it as written.

    Raises:
        UsageError: the run cannot be read.
        OSError: its folder cannot be written.
    """
    redactor = Redactor(of_environment(os.environ))
    return signoffs.note(folder, salvage(type(event), redactor.data(as_data(event))))


def amended(folder: Path, event: Event, about: str = "") -> None:
    """Append an event to a run; a report that is finished says so and is sealed again.

    Args:
        folder: the run.
        event: what became of it.
        about: what the reason of the seal says of the event; by whom it is where it is "".

    Raises:
        UsageError: the run cannot be read.
        OSError: its folder cannot be written.
    """
    written = noted(folder, event)
    if data_of(folder) is not None:
        rewrite(folder, {}, {})
        seal.close(folder, f"{kind_of(written)}: {about or as_data(written).get('by', '')}")


def rewrite(
    folder: Path, data: Mapping[str, Json], sections: Mapping[re.Pattern[str], str]
) -> None:
    """Replace values of a record and sections of its page, and what both say became of the run.

    Args:
        folder: a run with a record.
        data: the new values, by key of `report.json`.
        sections: the new texts of the page, by what finds the old ones.
    """
    found = data_of(folder)
    if found is None:
        return
    became = [each.sentence for each in afterwards(signoffs.events(folder))]
    seal.kept(folder, DATA)
    told = {**found, **data, "afterwards": became}
    seal.replaced(folder / DATA, json.dumps(told, indent=2) + "\n")
    page = folder / REPORT
    if page.is_file() and not page.is_symlink():
        seal.kept(folder, REPORT)
        text = page.read_text("utf-8", "replace")
        said = {**sections, seal.AFTERWARDS: fill("afterwards.html", afterwards=became) + "\n"}
        for pattern, section in said.items():
            text = put(pattern, section, text)
        seal.replaced(page, text)


def put(pattern: re.Pattern[str], section: str, text: str) -> str:
    """Return a page with a section in the place of the one that is found; its text is no form."""
    return pattern.sub(lambda _: section, text, count=1)
