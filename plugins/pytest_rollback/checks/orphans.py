"""Unit files that a rollback neither installs nor takes away, and what to do about them."""

from __future__ import annotations

from shlex import quote

from pytest_rollback.agent.messages.location import as_owner, is_below
from pytest_rollback.agent.messages.unit_files import OrphanUnitFile, UnitFilesPlan
from pytest_rollback.errors import Refused, RollbackError
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.text.quantities import count

OWNED = "readiness.units.owned"
"""The criterion that names them, also at the entry of a drill."""

LEFT = {
    "added": "the deploy added it, and a rollback neither stops its unit nor takes {} away",
    "deleted": "the deploy deleted it, and a rollback neither installs {} nor starts its unit",
    "changed": "no component has its name, and a rollback does not install it as {}",
}
"""What becomes of such a file, by what the deploy did; `{}` is where it is installed."""

WHEN = {"added": "before a rollback", "deleted": "after a rollback", "changed": "after a rollback"}
"""When something is done about it by hand: nobody isolates a system while others run."""

ONLY_ONE = {
    "added": "the previous release does not have {}: a rollback neither stops nor removes it",
    "deleted": "the current release does not have {}: a rollback neither installs nor starts it",
}


def demand_none(units: UnitFilesPlan, system: System) -> None:
    """Check that a rollback installs, or takes away, each unit file that the deploy touched.

    Raises:
        Refused: one would be left as the deploy made it.
    """
    found = left(units, system)
    if found:
        raise Refused(
            f"a rollback leaves {count(len(found), 'unit file')} as the deploy made "
            + ("it" if len(found) == 1 else "them"),
            findings=found,
            hint="; ".join([remedy(units, system), *waiving(units)]),
        )


def waiving(units: UnitFilesPlan) -> list[str]:
    """Return what to do about units that can be brought back only when a rollback is over."""
    later = any(each.deploy == "deleted" for each in units.orphans)
    words = f"once that is in your procedure, waive {OWNED} in [[waivers]] of rollback.toml until "
    return [f"{words}the next release"] if later else []


def demand_both(units: UnitFilesPlan | RollbackError, system: System, component: Component) -> None:
    """Check that both releases have the unit of a component, where the host could say.

    Raises:
        Refused: only one has it; what else is wrong with the unit follows of that.
    """
    if isinstance(units, RollbackError):  # other criteria are about that
        return
    own = [each for each in units.orphans if is_of(each, component)]
    for name, deploy in own:
        raise Refused(
            ONLY_ONE[deploy].format(component.unit),
            findings=left(units._replace(orphans=tuple(own)), system),
            hint=f"remove component {component.name} from rollback.toml, in which are the units "
            f"that both releases have; {WHEN[deploy]}: "
            f"{by_hand(OrphanUnitFile(name, deploy), system)}",
        )


def is_of(each: OrphanUnitFile, component: Component) -> bool:
    """Return whether a file is that of a component's unit, which only one release has."""
    unit = component.unit.partition(":")[0]
    return each.deploy in ONLY_ONE and unit in (each.name, each.name.rpartition(".")[0])


def left(units: UnitFilesPlan, system: System) -> list[str]:
    """Return the unit files that a rollback leaves as the deploy made them, with the reason."""
    services = system.services
    return [
        f"{services.source}/{name}: {LEFT[deploy].format(f'{services.directory}/{name}')}"
        for name, deploy in units.orphans
    ]


def remedy(units: UnitFilesPlan, system: System, *, over: bool = False) -> str:
    """Return what to do: a component, where both releases have the unit, or commands.

    Args:
        units: what is installed.
        system: whose units they are.
        over: whether the rollback is over, so that everything is done by hand, and now.
    """
    if over:
        return "; ".join(f"by hand: {by_hand(each, system)}" for each in units.orphans)
    changed = [each.name for each in units.orphans if each.deploy == "changed"]
    others = [
        f"{WHEN[each.deploy]}: {by_hand(each, system)}"
        for each in units.orphans
        if each.deploy != "changed"
    ]
    known = [
        component.name
        for component in system.components
        if any(is_of(each, component) for each in units.orphans)
    ]
    said = [f"add a component to rollback.toml for {', '.join(changed)}"] if changed else []
    said += [f"remove component {name} from rollback.toml" for name in known]
    return "; ".join([*said, *others])


def by_hand(each: OrphanUnitFile, system: System) -> str:
    """Return the commands that do to a unit file what no rollback does."""
    services, name = system.services, each.name
    installed = f"{services.directory}/{name}"
    release = system.about.path(f"{services.source}/{name}")
    added, is_systemd = each.deploy == "added", services.manager == "systemd"
    is_unit = is_systemd and "/" not in name
    lines = [f"systemctl disable --now {quote(name)}"] if added and is_unit else []
    lines += [f"rm {quote(installed)}"] if added else installing(system, release, installed)
    if is_systemd:
        lines.append("systemctl daemon-reload")
    else:
        where = f"-s {quote(f'unix://{services.socket}')} " if services.socket else ""
        lines.append(f"supervisorctl {where}update")
    if is_unit and not added:
        lines.append(f"systemctl enable --now {quote(name)}")
    if is_systemd and not is_unit:
        lines.append(f"systemctl try-restart {quote(name.partition('/')[0].removesuffix('.d'))}")
    back = "" if added else f" - and describe {name} as a component again"
    return " && ".join(lines) + back


def installing(system: System, release: str, installed: str) -> list[str]:
    """Return commands that install a file of the release, read with its owner's rights only."""
    place = next(each for each in system.about.places if is_below(release, [each]))
    read = f"{as_owner(place)} cat {quote(release)} </dev/null"
    write = f"install -Dm 644 /dev/stdin {quote(installed)}"
    return [f"{read} | {write}", f"test -s {quote(installed)}"]
