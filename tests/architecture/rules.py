"""Every rule of the house by its sentence, and the named exceptions from them."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import NamedTuple

from tests.architecture import on_host, shape
from tests.architecture.layers import LAYERS, Check
from tests.architecture.sources import Sources

CHECKS: dict[str, Check] = {
    **LAYERS,
    "the agent uses no name of a file as it is": on_host.opened_by_name,
    "at most 15 entries a folder": shape.crowded,
    "files have 40 to 300 lines": shape.sized,
    "one class name, one class": shape.twice,
    "modules and classes have the field's names": shape.riddles,
    "functions are short": shape.long_functions,
    "each package says what it promises": shape.faceless,
    "what is general names no system": shape.of_one_system,
    "nothing leads out of the repository": shape.elsewhere,
    "each test under suites/ is one criterion": shape.nameless,
}


CROWDED = ("faults", "plugin")
LONG_FILES = (
    "tests/contract/test_connection.py",
    "tests/faults/mutants.py",
    "tests/faults/rows_host.py",
    "tests/faults/rows_inputs.py",
    "tests/plugin/test_create_backups.py",
    "tests/plugin/test_readiness.py",
    "tests/plugin/test_sabotages.py",
    "tests/plugin/test_triage.py",
    "tests/unit/agent/backup/test_save.py",
    "tests/unit/agent/backup/test_verify.py",
    "tests/unit/agent/configuration/test_check.py",
    "tests/unit/agent/database/test_odd_databases.py",
    "tests/unit/agent/database/test_restore.py",
    "tests/unit/agent/observe/logs/test_inspection.py",
    "tests/unit/agent/services/test_running.py",
    "tests/unit/agent/observe/probes/test_sample.py",
    "tests/unit/agent/restore/test_hindered.py",
    "tests/unit/checks/test_edge.py",
    "tests/unit/extras/incident/test_channels.py",
    "tests/unit/report/test_page.py",
)
SHORT_FILES = {
    "plugins/pytest_rollback/extras/database/hooks.py": "a part joins by one hook",
    "plugins/pytest_rollback/extras/fleet/hooks.py": "a part joins by one hook",
    "plugins/pytest_rollback/agent/database/routes.py": "what goes with the package it is about",
    "plugins/pytest_rollback/agent/rollback/entry.py": "joins trial and repository",
    "plugins/pytest_rollback/plugin/output/ticking.py": "imported before all that takes time",
    "plugins/pytest_rollback/plugin/stash.py": "keys that most modules of the package need",
    "tests/unit/support/volumes.py": "one function that eight files of tests need",
}


class Exempt(NamedTuple):
    """A finding that is let pass: the beginning of the rule, a pattern of the finding, and why."""

    rule: str
    finding: str
    why: str


HOST = "the controller asks its own machine what the agent asks a host, by the same code"
LONG = "one subject; it is cut where its parts get names"
SUPPORT = "what the tests of this folder share lies beside them"

APART: dict[str, tuple[str, ...]] = {
    "the state directory: root's alone, looked at before anything in it is used": (
        "backup/save.py: os.path.lexists(os.path.join(state,",
        "observe/probes/served.py: os.walk(",
        "restore/context.py: os.path.isdir(folder)",
        "restore/git_fetch.py: os.",
        "rollback/export.py: os.",
        "rollback/moved_back.py: os.mkdir(os.path.join(folder,",
        "rollback/snapshot.py: os.path.isdir(path)",
        "rollback/snapshot.py: os.rename(os.path.join(work.folder,",
        "rollback/snapshot.py: os.walk(path)",
        "rollback/snapshot.py: shutil.rmtree(place,",
        "rollback/snapshot.py: os.mkdir(place,",
        "rollback/start_guard.py: os.path.isdir(leases.folder(",
        "rollback/undo.py: os.path.isdir(folder)",
        "services/unit_file_states.py: os.path.isfile(journal)",
        "services/unit_file_states.py: os.stat(journal)",
        "state/directory.py: o",
        "state/evidence.py: os.",
        "state/journal.py: os.open(",
        "state/last_sign.py: o",
        "state/lease.py: os.",
        "state/lock.py: os.path.exists(path)",
        "state/releases/contents.py: os.",
        "state/releases/sets.py: os.",
        "state/reserved_space.py: os.",
        "state/seals.py: o",
    ),
    "a temporary directory of ours, mode 0700 until all is in it": (
        "configuration/units/verify.py: tempfile.TemporaryDirectory(",
        "configuration/units/verify.py: open(os.path.join(place,",
        "system/temporary.py: ",
        "observe/trial/staged_tree.py: os.mkdir(self.root,",
    ),
    "the view of a process that is alone: what it writes there reaches no file of the host, and no "
    "link is followed where a file is copied": (
        "database/previous/files.py: ",
        "database/previous/inside.py: os.unlink(path)",
        "database/previous/relay.py: os.",
        "database/previous/starts.py: os.access(",
        "system/namespaces/kernel.py: ",
        "system/namespaces/view.py: ",
    ),
    "a process that is the account of the database already": (
        "database/rehearsal/guard.py: ",
        "database/sqlite/worker.py: ",
    ),
    "an open file of a process, by its number: it is asked whether the process may read it": (
        "observe/logs/offsets.py: o",
    ),
    "where only root makes names": (
        "configuration/units/specifiers.py: open(path,",
        "observe/logs/rotated.py: glob.glob",
        "observe/logs/rotated.py: open(name,",
        "system/sockets.py: os.readlink(link)",
    ),
    "runs as the unit's own account": ("observe/trial/child.py: ",),
    "unpacks what is open already": ("observe/logs/log_file.py: [gbl]*.open",),
    "which file system it is, and how full: nothing of a file": (
        "restore/apply.py: os.statvfs(",
        "system/disk.py: os.",
    ),
    "where a program is: who can change it is asked before it runs": (
        "backup/strategies/shown.py: shutil.which(",
        "configuration/units/verify.py: shutil.which(",
        "database/mariadb/client.py: shutil.which(",
        "database/postgresql/tools.py: shutil.which(",
        "database/sqlite/library.py: shutil.which(",
        "files/programs.py: shutil.which(",
        "observe/trial/accounts.py: shutil.which(",
        "observe/trial/contradictions.py: shutil.which(",
        "system/tools.py: shutil.which(",
    ),
    "values that are taken out of texts: also behind links that `files/` refuses, and nothing of "
    "them, or of whether they are, is told": (
        "configuration/secrets/declared.py: ",
        "system/masking/ordinary.py: os.path.exists(value)",
    ),
    "the words of a hint": ("errors.py: os.path.isdir(path)",),
}
"""Uses of names that stay, by the reason: the beginning of each finding, below the agent."""

EXEMPT: tuple[Exempt, ...] = (
    Exempt("the controller imports", "plugins/pytest_rollback/recovery/lock_holder.py", HOST),
    Exempt("the controller imports", "plugins/pytest_rollback/extras/sandbox/", HOST),
    Exempt(
        "at most 15 entries",
        "plugins/pytest_rollback/report/html/templates/",
        "one template for each part of the page",
    ),
    *(Exempt("at most 15 entries", f"tests/{each}/ ", SUPPORT) for each in CROWDED),
    *(Exempt("files have 40", f"{each} ", LONG) for each in LONG_FILES),
    *(Exempt("files have 40", f"{each} ", why) for each, why in SHORT_FILES.items()),
    *(
        Exempt("the agent uses no name", f"{on_host.AGENT[:-1]}{each}", why)
        for why, uses in APART.items()
        for each in uses
    ),
)


def findings(name: str, found: Sources) -> list[str]:
    """Return what breaks a rule and is not exempt from it."""
    return [each for each in CHECKS[name](found) if not excused(name, each)]


def excused(name: str, finding: str) -> list[Exempt]:
    """Return the exceptions that a finding falls under."""
    return [
        each
        for each in EXEMPT
        if name.startswith(each.rule) and fnmatch(finding, f"{each.finding}*")
    ]
