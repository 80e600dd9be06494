"""Issue 2, 'Configuration file corruption', found before it happens; and the way out of it."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.agent.messages.backup.git import by_hand
from pytest_rollback.agent.messages.configuration import ConfigurationFaults
from pytest_rollback.agent.messages.requirements import Fallbacks
from pytest_rollback.agent.messages.secrets import SecretsLook
from pytest_rollback.checks import restored
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Refused
from pytest_rollback.manifest.model import System
from pytest_rollback.text.quantities import count, part

Keep = Callable[[str, object], None]


@criterion("readiness.configuration.parses", phase="configuration")
def test_restored_configuration_can_be_read(
    configuration: ConfigurationFaults, system: System, record_property: Keep
) -> None:
    """'Restore System Configuration': every configuration and unit file to restore is readable."""
    ignored = [f"{p}: {one}" for p, lines in configuration.warnings.items() for one in lines]
    record_property("configuration files", list(configuration.faults) or "none described")
    record_property("ignored by their readers", ignored or "nothing")
    restored.configuration_parses(configuration, system)


@criterion("readiness.secrets.known", phase="configuration", needs=("system.secrets",))
def test_what_secret_files_hold_is_known(
    declared_secrets: SecretsLook, record_property: Keep
) -> None:
    """Every value of a secret file is taken out of logs and reports: each file is understood."""
    record_property("secret files", list(declared_secrets.found) or "none is there")
    if declared_secrets.unknown:
        raise Refused(
            f"{count(len(declared_secrets.unknown), 'secret file')} whose values cannot be known: "
            "the file stays on the host, but a log that says a value shows it",
            findings=[f"{path}: {why}" for path, why in declared_secrets.unknown],
            hint="write it as its format wants it; or keep the values in a file of KEY=VALUE, "
            "JSON, YAML, TOML or INI, and name that in secrets of [system] instead of this one",
        )


@criterion("readiness.fallback.git", phase="files", needs=("fallback.git",))
def test_the_repository_holds_every_file(
    fallback: Fallbacks, system: System, record_property: Keep
) -> None:
    """'Use git to restore previous version': the recorded commit has every file as recorded."""
    found = fallback.git
    record_property("repository", found._asdict() if found else "none described")

    if found and not found.commit:
        raise Refused(
            "the record has no commit of the previous release",
            hint="pass both commits in the deploy script: rollback save --help",
        )
    if found and found.lacking:
        lacking = [f"{path}: {why}" for path, why in found.lacking.items()]
        raise Refused(
            f"{part(len(lacking), found.files, 'file')} missing in {system.fallback.git}",
            findings=lacking,
            hint=f"compare: {by_hand(system.fallback.git or '', f'ls-tree -r {found.commit}')}; "
            "commit the files, and pass that commit to rollback save",
        )


@criterion("readiness.fallback.defaults", phase="configuration", needs=("configuration.defaults",))
def test_there_is_a_default_for_every_file(
    fallback: Fallbacks, system: System, record_property: Keep
) -> None:
    """'Reset to default configuration': every configuration file has a readable default."""
    found, directory = fallback.defaults, system.configuration.defaults
    record_property("defaults", found._asdict() if found else "none described")

    if found and found.lacking:
        raise Refused(
            f"{part(len(found.lacking), found.files, 'default')} missing in {directory}",
            findings=[f"{path}: {why}" for path, why in found.lacking.items()],
            hint=f"add a readable file of each name to {system.about.path(directory or '')}",
        )
