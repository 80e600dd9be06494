"""Readiness on a real system: green when it is right, and each defect turns its criterion red."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from pytest_rollback.errors import PARTIAL
from tests.plugin.operator import criteria
from tests.plugin.shop import NAMES
from tests.plugin.store import KEPT, SERVICE, Store

Reds = set[tuple[str, str | None]]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A store that is up, for all tests of this file; a short path, for its socket's sake."""
    store = Store(Path(tempfile.mkdtemp(prefix="store-")))
    store.up()
    yield store
    store.down()


@pytest.fixture
def spoilt(store: Store) -> Iterator[Store]:
    """The same store, put back as it was after the test."""
    kept = store.home / "kept"
    places = ("srv", "state", "dump", "www", "units")
    kept.mkdir()
    for name in places:
        whole(store.home / name, kept / name)
    yield store
    store.calm()
    release(store)
    for name in places:
        gone(store.home / name)
        whole(kept / name, store.home / name)
    shutil.rmtree(kept)
    store.database.sql("DROP TABLE IF EXISTS django_migrations")
    store.describe()
    store.control("update")
    store.control("start", "all")  # those that a defect stopped; the others go on


def whole(source: Path, target: Path) -> None:
    """Copy a file or a tree with times and modes."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def gone(path: Path) -> None:
    """Remove a file or a tree."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def release(store: Store) -> None:
    """Take away what would keep a directory from being removed."""
    subprocess.run(["umount", "-l", store.home / "www"], check=False, capture_output=True)
    for path in (store.root / "motto.txt", store.home / "www"):
        subprocess.run(["chattr", "-i", path], check=False, capture_output=True)


def link(path: Path) -> None:
    """Turn a file into a link to the same bytes elsewhere."""
    elsewhere = path.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def describe(store: Store, table: str, **keys: object) -> None:
    """Change keys of one table of rollback.toml; of components and probes, those of `web`."""
    document = store.document()
    found = document.setdefault(table, {})
    place = found[0] if table == "components" else found["web"] if table == "probes" else found
    place.update(keys)
    store.describe(**{table: found})


def obstruct(store: Store) -> None:
    """Put a pipe where a file is to be restored."""
    (store.root / "motto.txt").unlink()
    os.mkfifo(store.root / "motto.txt")


def lock(store: Store) -> None:
    """Make a file immutable; who is not root is refused by another's directory anyway."""
    if os.geteuid() == 0:
        subprocess.run(["chattr", "+i", store.root / "motto.txt"], check=True)
    else:
        describe(store, "maintenance", page="/page.html")


def fill(store: Store) -> None:
    """Leave no room for the maintenance page."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    options = "size=8k,nr_inodes=3"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", store.home / "www"], check=True)
    (store.home / "www/full").write_bytes(bytes(8192))


def cut(path: Path) -> None:
    """Take the end of a file away."""
    os.truncate(path, path.stat().st_size // 2)


def sealed(store: Store) -> None:
    """Name a secret file that nobody reads without its password."""
    (store.root / "keys.p12").write_bytes(b"\x30\x82")
    describe(store, "system", secrets=["keys.p12"])


def double(store: Store) -> None:
    """Have the web unit run twice, and name one of the two: the other one only sleeps."""
    command = f"{sys.executable} {store.root}/web/serve.py {store.ports['web']}"
    (store.home / "units/shop-web.conf").write_text(
        "[program:shop-web]\nnumprocs=2\nprocess_name=%(program_name)s_%(process_num)02d\n"
        f"command=sh -c 'test %(process_num)d = 0 || exec sleep 300; exec {command}'\n"
    )
    store.control("update", "shop-web")
    for _ in range(100):
        if store.control("status").count("RUNNING") > len(NAMES):
            break
        time.sleep(0.05)
    describe(store, "components", unit="shop-web:shop-web_00")


def runbook(store: Store, *lines: str) -> None:
    """Have people follow a page with these commands."""
    page = store.home / "runbook.md"
    page.write_text("\n".join(["# Roll back", "```sh", *lines, "```", ""]))
    describe(store, "runbook", path=page.name)


SECRET = "hunter2hunter2"  # noqa: S105 - it must not be seen again
PAGER = {"url": "https://pager.example.org/incidents", "variable": "NO_SUCH_TOKEN"}
MOTTO = "motto.txt"
WEB = "web/serve.py"
NOWHERE = {"down": ["true"], "target": "elsewhere", "component": "web"}
UNIT = "units/shop-web.conf"


DEFECTS: dict[str, tuple[Callable[[Store], object], str | None]] = {
    "readiness.logs.found": (
        lambda s: describe(s, "components", log=str(s.home / "no.log")),
        "web",
    ),
    "readiness.record.trusted": (lambda s: (s.state / "backups.json").chmod(0o666), None),
    "readiness.backups.complete": (lambda s: s.copy(MOTTO).unlink(), "shared"),
    "readiness.backups.declared": (lambda s: s.forget(MOTTO), None),
    "readiness.release.previous": (lambda s: s.save_other("v0"), None),
    "readiness.release.current": (lambda s: s.deploy_other("v3"), None),
    "readiness.files.unchanged": (lambda s: (s.root / KEPT).unlink(), "web"),
    "readiness.backups.nonempty": (lambda s: s.copy(MOTTO).write_bytes(b""), "shared"),
    "readiness.backups.intact": (lambda s: s.copy(MOTTO).write_text("altered"), "shared"),
    "readiness.backups.regular": (lambda s: link(s.copy(MOTTO)), "shared"),
    "readiness.backups.differ": (lambda s: s.put_back(), None),
    "readiness.backups.protected": (lambda s: s.copy(WEB).chmod(0o666), "web"),
    "readiness.backups.ownership": (lambda s: s.copy(WEB).chmod(0o600), "web"),
    "readiness.backups.private": (
        lambda s: describe(s, "system", user="daemon", secrets=["config/.env"]),
        "shared",
    ),
    "readiness.files.found": (lambda s: describe(s, "components", files=["wep/**"]), None),
    "readiness.backups.targeted": (lambda s: s.put("old.prev", "stray"), None),
    "readiness.tree.compiles": (lambda s: s.forge("web/extra.py", "def broken(:"), None),
    "readiness.tree.imports": (lambda s: s.forge(WEB, SERVICE.replace("Page", "Sheet")), "web"),
    "readiness.tree.constructs": (lambda s: s.forge(WEB, SERVICE.replace("dish", "fish")), "web"),
    "readiness.configuration.parses": (lambda s: s.forge("config/.env", f"A=1\n{SECRET}\n"), None),
    "readiness.secrets.known": (sealed, None),
    "readiness.database.dump": (lambda s: cut(s.home / "dump"), None),
    "readiness.database.restorable": (
        lambda s: describe(s, "database", **{"return": "restore"}),
        None,
    ),
    "readiness.database.rehearsed": (
        lambda s: describe(s, "database", **{"return": "restore"}),
        None,
    ),
    "readiness.database.migrated": (
        lambda s: describe(s, "database", **{"return": "migrate", "migrate": NOWHERE}),
        None,
    ),
    "readiness.previous.runs": (
        lambda s: (
            describe(s, "database", rehearsal={"previous": "schema"}),
            s.fail_on_schema(),
        ),
        None,
    ),
    "readiness.database.embedded": (
        lambda s: s.forge(MOTTO, "SQLite format 3".ljust(1024, "\0")),
        None,
    ),
    "readiness.people.reachable": (lambda s: s.describe(notify={"pager": PAGER}), None),
    "readiness.tools.present": (lambda s: describe(s, "maintenance", reload=["no-such"]), None),
    "readiness.rights.suffice": (lock, None),
    "readiness.space.suffices": (fill, None),
    "readiness.fallback.git": (lambda s: s.lose(MOTTO), None),
    "readiness.fallback.defaults": (lambda s: (s.root / "config/defaults/.env").unlink(), None),
    "readiness.plans.made": (obstruct, None),
    "readiness.time.fits": (lambda s: describe(s, "budgets", services="1s"), None),
    "readiness.drill.recent": (lambda s: s.ran("2020-01-01T00:00:00.000+00:00"), None),
    "readiness.runbook.true": (lambda s: runbook(s, "systemctl start shop-wep"), None),
    "readiness.units.startable": (lambda s: describe(s, "components", unit="shop-wep"), "web"),
    "readiness.units.listening": (lambda s: describe(s, "components", listens=[1]), "web"),
    "readiness.units.described": (lambda s: describe(s, "components", directory="till"), "web"),
    "readiness.units.resolved": (
        lambda s: s.forge(UNIT, s.copy(UNIT).read_text() + "stdout_logfile=/no/such/place/log\n"),
        "web",
    ),
    "readiness.units.covered": (
        lambda s: (s.home / "units/late.conf").write_text("[program:shop-web]\nstopwaitsecs=9\n"),
        "web",
    ),
    "readiness.units.handled": (double, "web"),
    "readiness.units.owned": (lambda s: s.drop("units/shop-cellar.conf"), None),
    "readiness.units.alone": (lambda s: s.detached(), None),
    "readiness.baseline.stored": (lambda s: describe(s, "probes", limit="0.01ms"), None),
    "readiness.probes.answer": (lambda s: describe(s, "probes", body="superb"), "web"),
}

# What follows of necessity. What cannot be planned has no estimate; a copy that cannot be used can
# be planned with, for the recorded commit has the file. A file open to others has another mode than
# the recorded one. Where a probe is not answered there is no baseline. No unit starts without its
# environment. Without a record that can be trusted nothing of the set is known.
PLANS: Reds = {("readiness.plans.made", None), ("readiness.time.fits", None)}
TRIALS: Reds = {
    (f"readiness.tree.{name}", each) for name in ("imports", "constructs") for each in NAMES
}
SETS = ("backups.targeted", "backups.declared", "backups.differ", "tree.compiles")
NEEDS = ("fallback.git", "fallback.defaults", "rights.suffice", "space.suffices")
OWNED = ("complete", "intact", "nonempty", "ownership", "private", "protected", "regular")
UNITS: Reds = {
    (f"readiness.{name}", each)
    for name in ("units.described", "units.resolved", "units.covered", "units.startable")
    for each in NAMES
}
UNSEEN: Reds = {
    (f"readiness.{name}", each) for name in ("units.listening", "logs.found") for each in NAMES
}
UNKNOWN: Reds = {(f"readiness.{name}", None) for name in (*SETS, *NEEDS)} | {
    (f"readiness.backups.{name}", owner) for name in OWNED for owner in (*NAMES, "shared")
}
ALSO: dict[str, Reds] = {
    "readiness.record.trusted": PLANS
    | UNKNOWN
    | TRIALS
    | UNITS
    | UNSEEN
    | {
        (f"readiness.{name}", None)
        for name in (
            *("configuration.parses", "files.found", "units.owned"),
            *("database.embedded", "database.schema"),
        )
    }
    | {(f"readiness.release.{which}", None) for which in ("previous", "current")}
    | {("readiness.files.unchanged", owner) for owner in (*NAMES, "shared")},
    "readiness.backups.differ": PLANS | {("readiness.release.current", None)},
    "readiness.backups.protected": TRIALS  # as root, for here units run so: what others can write
    | {("readiness.backups.ownership", "web")},
    "readiness.backups.private": {("readiness.units.described", each) for each in NAMES},
    "readiness.configuration.parses": TRIALS
    | {("readiness.units.resolved", each) for each in NAMES},
    "readiness.plans.made": PLANS,
    "readiness.rights.suffice": PLANS,  # what cannot be replaced cannot be planned either
    "readiness.database.restorable": PLANS  # by a superuser nothing is restored
    | {("readiness.database.rehearsed", None)},
    "readiness.database.rehearsed": PLANS | {("readiness.database.restorable", None)},
    "readiness.database.migrated": PLANS,
    "readiness.probes.answer": {("readiness.baseline.stored", None)},
    "readiness.units.alone": PLANS,  # isolation would leave it
    "readiness.units.handled": PLANS  # the release's own unit file knows no such process
    | {(f"readiness.units.{name}", "web") for name in ("described", "resolved", "covered")}
    | {("readiness.units.alone", None)},  # the others of its group would be left
    "readiness.units.startable": PLANS
    | {(f"readiness.units.{name}", "web") for name in ("described", "resolved", "covered")}
    | {("readiness.units.listening", "web")}
    | {(f"readiness.units.{name}", None) for name in ("alone", "owned")},  # of no known unit
    "readiness.units.owned": {("readiness.fallback.git", None)},  # its commit has no such file
}


ADVICE = {"readiness.runbook.reviewed"}
"""Criteria that stop nobody; a test of their own sees them give advice."""


UNDECIDED = {"readiness.database.schema"}
"""Criteria that are never red: what they cannot tell is inconclusive, in a test of its own."""


OF_RELEASES = {f"readiness.release.{each}" for each in ("kept", "safe", "expected", "told_apart")}
"""Criteria of releases that are kept as a whole, which are seen red in test_strategies.py."""


def test_a_system_that_is_right_is_ready(store: Store) -> None:
    """Every criterion is met but the one that waits for a first drill; few round trips suffice."""
    assert store.readiness() == (0, set())
    record = store.record()
    assert {c["id"] for c in record["criteria"] if c["outcome"] == "advisory"} == {
        "readiness.drill.recent"
    }
    assert record["round_trips"] <= 12


def test_a_set_that_was_rolled_back_is_one_reason(spoilt: Store) -> None:
    """All else that needs a set was not reached; the next deploy saves one."""
    spoilt.put_back()
    spoilt.spend("r7")
    code, _ = spoilt.pytest("suites/readiness")
    rows = [c for c in spoilt.record()["criteria"] if c["outcome"] == "not met"]

    assert code == 1
    assert [c["id"] for c in rows] == ["readiness.record.trusted"]
    assert rows[0]["message"].startswith("nothing to roll back: run r7 rolled back from ")
    assert "the next deploy saves a new set" in rows[0]["hint"]


def test_a_part_of_a_release_is_ready_and_says_so(spoilt: Store) -> None:
    """It was declared when it was saved; each report has how much of the release it is."""
    spoilt.declare_partial("the motto is text", forget=MOTTO)
    code, printed = spoilt.pytest("suites/readiness")

    assert (code, spoilt.outcomes()["readiness.backups.declared", None]) == (0, "advisory")
    assert "are rolled back; declared partial: the motto is text" in printed


def test_a_file_that_the_deploy_wrote_again_is_fine(spoilt: Store) -> None:
    """The same bytes under another time of change, as pip leaves them."""
    (spoilt.root / WEB).write_bytes(spoilt.copy(WEB).read_bytes())

    assert spoilt.readiness() == (0, set())


def test_what_was_looked_at_is_not_asked_again(store: Store) -> None:
    """The report states the releases of the one look that the criteria have had."""
    code, _ = store.pytest("suites/readiness/test_backups.py", "-k", "not files.unchanged")
    record = store.record()

    assert (code, record["round_trips"]) == (PARTIAL, 1)
    assert record["previous"]
    assert record["current"]


def test_every_criterion_has_a_defect() -> None:
    """A criterion that nobody has seen red fails here."""
    assert set(DEFECTS) | ADVICE | UNDECIDED | OF_RELEASES == criteria("readiness")


@pytest.mark.parametrize("identity", sorted(DEFECTS))
def test_a_defect_turns_its_criterion_red(spoilt: Store, identity: str) -> None:
    """One defect turns one criterion red, for one component, with a hint and without a secret."""
    spoil, component = DEFECTS[identity]
    spoil(spoilt)

    code, found = spoilt.readiness()
    wanted = {(identity, component)} | ALSO.get(identity, set())
    assert (code, found - wanted, wanted - found) == (1, set(), set())
    rows = [c for c in spoilt.record()["criteria"] if c["id"] == identity]
    assert all(c["hint"] for c in rows if c["component"] == component)
    assert SECRET not in str(rows)


def judged(store: Store) -> dict[str, Any]:
    """Return the row of the criterion about the schema."""
    store.pytest("suites/readiness/test_database.py")
    (row,) = [c for c in store.record()["criteria"] if c["id"] in UNDECIDED]
    return row


def test_a_database_that_is_ahead_is_inconclusive(spoilt: Store) -> None:
    """The previous release may run on it, or not: nobody has tried; nor where none answers."""
    assert judged(spoilt)["outcome"] == "met"
    spoilt.migrate("web/migrations/0002_prices.py")
    row = judged(spoilt)
    assert row["outcome"] == "inconclusive"
    assert row["findings"] == ["Django web.0002_prices (web/migrations/0002_prices.py)"]
    assert "waive readiness.database.schema" in row["hint"]

    describe(spoilt, "database", port=1)
    row = judged(spoilt)
    assert row["outcome"] == "inconclusive"
    assert "cannot be asked for its migrations" in row["message"]


def test_the_host_tells_what_a_short_description_leaves_out(spoilt: Store) -> None:
    """Interpreter, directory, user, environment and ports: root, units and probes are enough."""
    document = spoilt.document()
    for component in document["components"]:
        for key in ("interpreter", "environment_files", "listens"):
            del component[key]
    spoilt.describe(components=document["components"])

    code, _ = spoilt.pytest("suites/readiness/test_units.py", "suites/readiness/test_tree.py")
    assert code == PARTIAL
    assert {c["outcome"] for c in spoilt.record()["criteria"]} == {"met"}
    rows = {(c["id"], c["component"]): c["evidence"] for c in spoilt.record()["criteria"]}
    assert str(spoilt.ports["web"]) in str(rows["readiness.units.listening", "web"])
    assert sys.executable in str(rows["readiness.units.described", "web"])


def test_copies_that_the_service_cannot_read_are_found(spoilt: Store) -> None:
    """The trial gives staged files their recorded owner and mode, and not to the unit's user."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    describe(spoilt, "components", interpreter="/usr/bin/python3")
    for place in (spoilt.home, spoilt.root):
        place.chmod(0o755)
    command = f"command=/usr/bin/python3 {spoilt.root}/web/serve.py {spoilt.ports['web']}"
    spoilt.forge(UNIT, f"[program:shop-web]\n{command}\nuser=nobody\n")
    fine = spoilt.readiness()
    spoilt.own(WEB, 0o600)
    code, red = spoilt.readiness()

    assert fine == (0, set())
    assert code == 1
    assert {("readiness.tree.imports", "web"), ("readiness.tree.constructs", "web")} <= red


def test_what_is_not_described_is_not_asked(spoilt: Store) -> None:
    """Without database, repository, page and people the criteria say so, and stop nobody."""
    document = spoilt.document()
    for table in ("database", "fallback", "maintenance", "configuration", "notify"):
        del document[table]
    spoilt.manifest.write_text(tomli_w.dumps(document))

    assert spoilt.readiness() == (0, set())
    told = {c["id"]: str(c["evidence"]) for c in spoilt.record()["criteria"]}
    assert "no repository described" in told["readiness.backups.declared"]
    assert {each.partition(" (")[0] for each in spoilt.record()["not_applicable"]} >= {
        "readiness.database.dump",
        "readiness.database.restorable",
        "readiness.fallback.git",
        "readiness.fallback.defaults",
        "readiness.runbook.true",
    }
    assert spoilt.outcomes()["readiness.people.reachable", None] == "advisory"


def test_a_runbook_that_is_true_is_met(spoilt: Store) -> None:
    """What it names is there; one that cannot be read, or names nothing, is no pass."""
    runbook(spoilt, "cat web/serve.py", "python3 -c 'from web.serve import Menu'")
    true, _ = spoilt.pytest("suites/readiness/test_runbook.py", "-k", "true")
    named = [c["evidence"]["named"] for c in spoilt.record()["criteria"]]
    runbook(spoilt)
    empty, said = spoilt.pytest("suites/readiness/test_runbook.py", "-k", "true")
    describe(spoilt, "runbook", path="no-such.md")
    missing, told = spoilt.pytest("suites/readiness/test_runbook.py", "-k", "true")

    assert (true, empty, missing) == (PARTIAL, 10, 10)
    assert named == [{"command": 2, "path": 1, "import": 1}]
    assert "no code blocks" in said
    assert "cannot be read" in told


def test_a_runbook_that_was_not_drilled_as_it_is_is_advice(spoilt: Store) -> None:
    """Changed since the last drill, and past its own review day: said, and it stops nobody."""
    spoilt.ran(dt.datetime.now(dt.UTC).isoformat())
    runbook(spoilt, "cat web/serve.py")
    page = spoilt.home / "runbook.md"
    text = page.read_text()
    found = {}
    for dates in ("Updated: 2020-01-01", "Updated: 2999-01-01\nNext review: 2020-02-01"):
        page.write_text(f"{dates}\n\n{text}")
        code, said = spoilt.pytest("suites/readiness/test_runbook.py", "-k", "reviewed")
        found[dates] = code, spoilt.outcomes()["readiness.runbook.reviewed", None]

    assert list(found.values()) == [(PARTIAL, "met"), (PARTIAL, "advisory")]
    said = " ".join(said.split())
    assert "was changed on 2999-01-01" in said
    assert "was due on 2020-02-01" in said


def test_a_secret_that_nobody_loses_is_advice(spoilt: Store) -> None:
    """Recorded looser than it comes back, and no service is known that could not read it then."""
    describe(spoilt, "system", secrets=["config/.env"])
    code, _ = spoilt.pytest("suites/readiness/test_backups.py")
    (row,) = (c for c in spoilt.record()["criteria"] if c["outcome"] == "advisory")

    assert code == PARTIAL
    assert (row["id"], row["component"]) == ("readiness.backups.private", "shared")
    assert row["findings"] == ["config/.env: recorded 0644, restored 0640"]
    assert "chmod 0640" in row["hint"]


def test_a_typo_in_the_manifest_ends_before_anything_is_asked(spoilt: Store) -> None:
    """Exit code 4, the key, and a hint; no traceback."""
    spoilt.describe(sytem={})
    code, printed = spoilt.pytest("suites/readiness")

    assert code == 4
    assert "sytem: unknown key; did you mean 'system'?" in printed
    assert "HINT:" in printed
    assert "Traceback" not in printed


def test_an_expired_waiver_is_said_and_a_valid_one_waives(spoilt: Store) -> None:
    """A waiver holds until its last day, and no longer."""
    waiver = {"criterion": "readiness.backups.ownership", "owner": "ann", "reason": "drill"}
    spoilt.copy(WEB).chmod(0o600)
    spoilt.describe(waivers=[{**waiver, "until": "2999-01-01"}])
    valid, _ = spoilt.pytest("suites/readiness/test_backups.py")
    spoilt.describe(waivers=[{**waiver, "until": "2020-01-01"}])
    expired, printed = spoilt.pytest("suites/readiness/test_backups.py")

    assert (valid, expired) == (PARTIAL, 1)
    assert "EXPIRED" in printed
