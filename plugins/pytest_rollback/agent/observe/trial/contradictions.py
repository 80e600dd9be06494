"""What rollback.toml says of a unit otherwise than the unit's own files."""

from __future__ import annotations

import os
import shutil
from typing import Iterator, Optional, Tuple

from ...configuration.units.environment import account_of
from ...configuration.units.live import Live
from ...configuration.units.surroundings import Surroundings
from ...messages.trial import TrialComponent, TrialRequest
from ...system import tools
from ...system.command import surroundings
from .trial_site import TrialSite


def contradictions(
    site: TrialSite,
    request: TrialRequest,
    each: Tuple[TrialComponent, Surroundings],
    process: Optional[Live],
) -> Iterator[str]:
    """Yield what rollback.toml says otherwise than the unit's files; both sides are shown."""
    component, found = each
    own = component.interpreter
    if own and found.program.interpreter and not same(site, own, found.program.interpreter):
        yield f"interpreter: {own} in rollback.toml, {found.program.interpreter} in its unit"
    if component.directory is not None:
        given = os.path.normpath(os.path.join(site.live, component.directory))
        if os.path.realpath(given) != os.path.realpath(found.directory):
            yield f"directory: {given} in rollback.toml, {found.directory} in its unit"
    if request.user and found.user and number(request.user) != number(found.user):
        yield f"[system] user: {request.user} in rollback.toml, {found.user} in its unit"
    if not found.program.wrapped:  # a shell may export whatever it likes
        yield from in_environment(site, component, found, process)


def in_environment(
    site: TrialSite,
    component: TrialComponent,
    found: Surroundings,
    process: Optional[Live],
) -> Iterator[str]:
    """Yield variables and files that rollback.toml names and the unit has otherwise."""
    seen = process.environment if process and process.environment else {}
    for name, value in component.environment.items():
        if found.environment.get(name, seen.get(name)) != value:
            there = "another value" if name in found.environment else "none"
            yield f"environment: {name} in rollback.toml, {there} in its unit"
    if found.unit.unit.endswith(".service"):
        named = {os.path.realpath(file.path) for file in found.unit.environment_files}
        for name in component.environment_files:
            if os.path.realpath(os.path.join(site.live, name)) not in named:
                listed = ", ".join(file.path for file in found.unit.environment_files) or "none"
                yield f"environment_files: {name} in rollback.toml, {listed} in its unit"


def number(user: str) -> Optional[int]:
    """Return the number of an account, None where there is none."""
    account = account_of(user)
    return account.pw_uid if account else None


def same(site: TrialSite, one: str, other: str) -> bool:
    """Return whether two names stand for one Python: of one place, and one file."""
    first = tools.argv(one, site.live)[0]
    path = shutil.which(first, path=surroundings()["PATH"]) or first
    ends = [
        (os.path.realpath(os.path.dirname(each)), os.path.realpath(each)) for each in (path, other)
    ]
    return ends[0] == ends[1]
