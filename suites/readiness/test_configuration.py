"""Issue 2, 'Configuration file corruption', found before it happens; and the way out of it."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.agent.messages.configuration import ConfigurationFaults
from pytest_rollback.agent.messages.requirements import Fallbacks
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.manifest.model import System

Keep = Callable[[str, object], None]
UNCHECKED = "could not be checked"


@criterion("readiness.configuration.parses", phase="configuration")
def test_restored_configuration_can_be_read(
    configuration: ConfigurationFaults, system: System, record_property: Keep
) -> None:
    """'Restore System Configuration': what would be restored, unit files too, can be read."""
    wrong = {path: why for path, why in configuration.faults.items() if why}
    unchecked = [f"{p}: {why}" for p, why in wrong.items() if why.startswith(UNCHECKED)]
    broken = [f"{p}: {why}" for p, why in wrong.items() if not why.startswith(UNCHECKED)]
    record_property("configuration files", list(configuration.faults) or "none described")

    if broken:
        raise Refused(
            f"{len(broken)} configuration files could not be read after a rollback",
            findings=broken,
            hint=f"correct these lines in the backups (X{system.about.suffix} beside X) or in the "
            "previous release, and have the deploy save the set again",
        )
    if unchecked:
        raise Inconclusive(
            f"{len(unchecked)} configuration files could not be checked on this host",
            findings=unchecked,
            hint="install what is missing for the host's python3, such as python3-yaml",
        )


@criterion("readiness.fallback.git", phase="files")
def test_the_repository_holds_every_file(
    fallback: Fallbacks, system: System, record_property: Keep
) -> None:
    """'Use git to restore previous version': the recorded commit really holds each file."""
    found = fallback.git
    record_property("repository", found._asdict() if found else "none described")

    if found and not found.commit:
        raise Refused(
            "the record names no commit of the previous release",
            hint="have the deploy name both commits when it calls scripts/create_backups.py",
        )
    if found and found.lacking:
        lacking = [f"{path}: {why}" for path, why in found.lacking.items()]
        raise Refused(
            f"{system.fallback.git} does not hold {len(lacking)} of {found.files} files",
            findings=lacking,
            hint=f"commit them, or see 'git -C {system.fallback.git} ls-tree -r "
            f"{found.commit}'; then have the deploy record that commit",
        )


@criterion("readiness.fallback.defaults", phase="configuration")
def test_there_is_a_default_for_every_file(
    fallback: Fallbacks, system: System, record_property: Keep
) -> None:
    """'Reset to default configuration': each configuration file has a default that can be read."""
    found, directory = fallback.defaults, system.configuration.defaults
    record_property("defaults", found._asdict() if found else "none described")

    if found and found.lacking:
        raise Refused(
            f"{directory} does not hold {len(found.lacking)} of {found.files} defaults",
            findings=[f"{path}: {why}" for path, why in found.lacking.items()],
            hint=f"put a file of each name that can be read into {system.about.root}/{directory}",
        )
