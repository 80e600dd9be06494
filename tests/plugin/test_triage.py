"""Triage of a real system: it says MONITOR when all is well, and what each defect calls for."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.architecture.shape import criteria
from tests.architecture.sources import sources
from tests.plugin.operator import FINE
from tests.plugin.reopened import Reopened

Reds = set[tuple[str, str | None]]
Spoil = Callable[["Ailing"], object]
TRIAGE = {"critical": ["web"]}


class Ailing(Reopened):
    """A shop whose current release is live, with the saved copies of the previous one beside it."""

    def up(self) -> None:
        """Start it, and deploy again what only differs by a line."""
        super().up()
        for path in self.files():
            shutil.copy2(self.root / path, self.root / f"{path}.prev")
            with (self.root / path).open("a") as file:
                file.write("# current\n")

    def document(self) -> dict[str, Any]:
        """Return the description, with one critical component."""
        return {**super().document(), "triage": TRIAGE}


@pytest.fixture(scope="module")
def running() -> Iterator[Ailing]:
    """A shop with a baseline, for all tests of this file."""
    shop = Ailing(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    shop.baseline()
    yield shop
    shop.down()


@pytest.fixture
def shop(running: Ailing) -> Iterator[Ailing]:
    """The same shop, well again after the test."""
    kept = running.home / "kept"
    for name in ("srv", "state"):
        shutil.copytree(running.home / name, kept / name, symlinks=True)
    yield running
    for name in ("srv", "state"):
        shutil.rmtree(running.home / name)
        shutil.copytree(kept / name, running.home / name, symlinks=True)
    shutil.rmtree(kept)
    running.describe()
    running.control("start", "all")
    running.forget()


def without_edge(shop: Ailing) -> None:
    """Describe it without an edge and a maintenance page: this one's says nothing beside 503."""
    document = shop.document()
    del document["edge"], document["maintenance"]
    shop.manifest.write_text(tomli_w.dumps(document))


def triaged(shop: Ailing, *words: str) -> tuple[int, str, dict[str, Any]]:
    """Run the suite; return its exit code, what it printed, and its record."""
    code, printed = shop.pytest("suites/triage", *words)
    assert "report: " in printed, printed
    return code, printed, shop.record()


def reds(record: dict[str, Any]) -> Reds:
    """Return what was not met, for whom."""
    rows = record["criteria"]
    return {(c["id"], c["component"]) for c in rows if c["outcome"] not in FINE}


def nothing(_shop: Ailing) -> None:
    """Leave it as it is: what ails it is stated."""


def silence(shop: Ailing) -> None:
    """Describe a database where nobody listens."""
    shop.describe(database={"name": "shop", "dump": "/nonexistent", "host": "/nonexistent"})


def stop(shop: Ailing, *names: str) -> None:
    """Stop units, whose logs say nothing of why."""
    for name in names:
        shop.control("stop", f"shop-{name}")
        (shop.home / f"{name}.log").write_text("")


def misjudge(shop: Ailing) -> None:
    """Have the till's requests be answered otherwise than they should."""
    shop.probe("till-order", body="superb")


DEFECTS: dict[str, tuple[Spoil, tuple[str, ...], str | None, str]] = {
    "triage.performance.kept": (lambda s: s.switch("web.slow"), (), "web", "ROLL BACK NOW"),
    "triage.answers.kept": (misjudge, (), "till", "ISOLATE till FIRST"),
    "triage.components.up": (
        lambda s: stop(s, "till"),
        (),
        "till",
        "ISOLATE till FIRST",
    ),
    "triage.components.isolated": (lambda s: stop(s, "web", "till"), (), None, "ROLL BACK NOW"),
    "triage.logs.clean": (lambda s: s.switch("till.grumble"), (), "till", "FIX IN PLACE"),
    "triage.severity.low": (nothing, ("--impact=5%",), None, "FIX IN PLACE"),
    "triage.security.sound": (nothing, ("--security",), None, "ROLL BACK NOW"),
    "triage.data.sound": (nothing, ("--data-corruption",), None, "ROLL BACK NOW"),
    "triage.database.answers": (silence, (), None, "FIX IN PLACE"),
    "triage.backups.intact": (
        lambda s: (s.root / "motto.txt.prev").write_text("altered"),
        (),
        None,
        "FIX IN PLACE",
    ),
}

# What follows of necessity: half of what users do fails; who does not answer has no speed, and a
# log without a line says nothing; where everything is down, everything is.
HALF: Reds = {("triage.severity.low", None)}
GONE: Reds = {
    (f"triage.{name}", "till") for name in ("answers.kept", "performance.kept", "logs.clean")
}
ALSO: dict[str, Reds] = {
    "triage.answers.kept": HALF | {("triage.performance.kept", "till")},
    "triage.components.up": HALF | GONE,
    "triage.components.isolated": HALF
    | {
        (f"triage.{name}", each)
        for name in ("answers.kept", "performance.kept", "components.up", "logs.clean")
        for each in ("web", "till")
    },
}


def test_a_system_that_is_well_is_monitored(shop: Ailing) -> None:
    """No rule fires, few round trips suffice, and what to do is said."""
    code, printed, record = triaged(shop)

    assert (code, record["verdict"], reds(record)) == (0, "MONITOR", set()), printed
    assert record["round_trips"] <= 5  # units, everything, units, maybe times again; the heading
    assert "no rule fired" in printed
    assert re.search(r"^now: \S*rollback monitor --soak=15m --target=", printed, re.MULTILINE)


def test_every_criterion_has_a_defect() -> None:
    """A criterion that nobody has seen red fails here."""
    ours = {path: text for path, text in sources().items() if path.startswith("suites/triage/")}

    assert set(DEFECTS) == {identity for _, identity in criteria(ours)}


@pytest.mark.parametrize("identity", sorted(DEFECTS))
def test_a_defect_fires_its_rule(shop: Ailing, identity: str) -> None:
    """One defect, one rule, for one component, and the one recommendation that follows."""
    spoil, words, component, verdict = DEFECTS[identity]
    spoil(shop)
    code, printed, record = triaged(shop, *words)

    assert (code, record["verdict"]) == (1, verdict), printed
    assert reds(record) == {(identity, component)} | ALSO.get(identity, set()), printed
    (row,) = [c for c in record["criteria"] if (c["id"], c["component"]) == (identity, component)]
    assert {"calls for", "measured", "threshold"} <= row["evidence"].keys()
    assert (row["outcome"], bool(row["hint"])) == ("not met", True)


def test_one_component_alone_is_isolated_first(shop: Ailing) -> None:
    """The command is printed, and does what it says: one unit down, the other as it was."""
    shop.control("stop", "shop-till")
    _, printed, _ = triaged(shop)
    assert "rollback now --isolate --component=till --target=" in printed

    shop.control("start", "shop-till")
    before = shop.control("pid", "shop-web")
    refused, _ = shop.pytest("suites/drill", "--isolate", "--component", "till")
    assert (refused, "RUNNING" in shop.control("status", "shop-till")) == (13, True)

    code, printed = shop.pytest("suites/drill", "--isolate", "--component", "till", "--arm=corner")
    assert (code, "ISOLATED (till) in " in printed) == (0, True), printed
    assert "RECOVERED" not in printed
    assert "stopped until started by hand or rolled back: shop-till" in printed
    assert "RUNNING" not in shop.control("status", "shop-till")
    assert shop.control("pid", "shop-web") == before
    assert not shop.page.exists()
    assert all("# current" in (shop.root / path).read_text() for path in shop.files())


def test_a_part_of_triage_finds_nobody_well(shop: Ailing) -> None:
    """PARTIAL, and no way to the monitor; a rule that fired still says what it calls for."""
    code, printed = shop.pytest("suites/triage", "-k", "up")
    assert (code, shop.record()["verdict"]) == (14, "PARTIAL"), printed
    assert "MONITOR" not in printed
    assert "suites/monitor" not in printed
    assert re.search(r"now: \S*rollback triage", printed)

    shop.control("stop", "shop-till")
    code, printed = shop.pytest("suites/triage", "-k", "up")
    assert (code, shop.record()["verdict"]) == (1, "ISOLATE till FIRST"), printed
    assert re.search(r"ISOLATE till FIRST: .* \(\d+ of \d+ criteria evaluated\)", printed)
    assert "--isolate --component=till" in printed


def test_a_mark_is_no_scope(shop: Ailing) -> None:
    """What --isolate declares is whole; the same criteria chosen by -m are a part of the drill."""
    without_edge(shop)
    words = ("--component", "till", "--arm=corner")
    code, printed = shop.pytest("suites/drill", "-m", "isolate", *words)

    assert (code, "PARTIAL (till): 2 of " in printed) == (14, True), printed
    assert "for a verdict: " in printed
    assert "rollback drill --isolate --component=till --arm=corner " in printed
    assert "stopped until started by hand or rolled back: shop-till" in printed


def test_isolation_needs_no_backup_set(shop: Ailing) -> None:
    """What cannot be rolled back can be stopped all the same; and a drill goes on from there."""
    without_edge(shop)
    copy = shop.root / "till/serve.py.prev"
    good = copy.read_text()
    copy.write_text("altered")
    words = ("suites/drill", "--isolate", "--component", "till", "--arm=corner")
    code, printed = shop.pytest(*words)
    assert (code, "ISOLATED (till) in " in printed) == (0, True), printed

    copy.write_text(good)
    code, printed = shop.pytest("suites/drill", "--component", "till", "--arm=corner")
    assert (code, "RECOVERED (till) in " in printed) == (0, True), printed
    assert "RUNNING" in shop.control("status", "shop-till")


def test_one_that_starts_again_and_again_is_down(shop: Ailing) -> None:
    """It looks healthy each time that it is asked, and is another process each time."""
    running, until = threading.Event(), time.monotonic() + 120

    def keep_dying() -> None:
        while not running.is_set() and time.monotonic() < until:
            shop.control("restart", "shop-till")

    dying = threading.Thread(target=keep_dying, daemon=True)
    dying.start()
    code, printed, record = triaged(shop)
    running.set()
    dying.join()

    assert (code, record["verdict"]) == (1, "ISOLATE till FIRST"), printed
    assert ("triage.components.up", "till") in reds(record)


def test_the_procedure_is_silent_between(shop: Ailing) -> None:
    """Severity and impact decide, and the note says so."""
    shop.describe(triage={**TRIAGE, "tolerated": "25%", "degraded": "100000%"})
    shop.switch("web.slow")
    code, printed, record = triaged(shop, "--impact=20%")

    assert (code, record["verdict"]) == (1, "ISOLATE web FIRST"), printed
    assert "the procedure has no rule between" in " ".join(printed.split())


def test_where_the_procedure_contradicts_itself_is_said(shop: Ailing) -> None:
    """Triggers against matrix, and one column of the matrix against the other."""
    _, printed, _ = triaged(shop, "--security", "--impact=2%", "--downtime=2m")
    said = " ".join(printed.split())

    assert "matrix says isolate (high), its triggers say roll back" in said
    assert "impact and downtime are in different rows (high and medium)" in said


def test_without_a_baseline_it_is_inconclusive(shop: Ailing) -> None:
    """Slow or not, nobody can say; the rest is looked at all the same."""
    (shop.state / "baseline.json").unlink()
    code, printed, record = triaged(shop)

    assert (code, record["verdict"]) == (10, "INCONCLUSIVE"), printed
    assert "2 rules could not be evaluated" in printed


def test_what_people_state_needs_no_host(shop: Ailing) -> None:
    """Where nobody can be reached, what was stated still counts."""
    shop.describe(target={"name": "corner", "connection": "local://", "python": "python9"})
    code, printed, record = triaged(shop, "--impact=60%")
    assert (code, record["verdict"]) == (7, "ROLL BACK NOW"), printed

    code, printed, record = triaged(shop)
    assert (code, record["verdict"]) == (7, "INCONCLUSIVE"), printed


def test_a_triage_before_a_drill_is_not_held_against_it(shop: Ailing) -> None:
    """What was found is what the drill is for."""
    without_edge(shop)
    code, printed = shop.pytest("suites/triage", "suites/drill", "--security", "--arm=corner")

    assert (code, "RECOVERED in " in printed) == (0, True), printed


BAD = {
    "--impact=30": "--impact: found '30', expected a share with a percent sign",
    "--impact=130%": "--impact: found '130%', expected a share of users, at most 100%",
    "--downtime=4": "--downtime: found '4', expected a duration with a unit",
    "--soak=0s": "--soak: found '0s', expected a duration above zero",
}


@pytest.mark.parametrize("word", BAD)
def test_bad_input_gives_one_line_and_a_hint(shop: Ailing, word: str) -> None:
    """Exit code 4, nothing was asked of the host."""
    code, printed = shop.pytest("suites/triage", word)

    assert (code, BAD[word] in printed, "HINT: for example " in printed) == (4, True, True), printed
    assert "Traceback" not in printed
