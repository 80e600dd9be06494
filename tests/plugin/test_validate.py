"""Validation of a system just rolled back: green when it is right, each defect turns one red."""

from __future__ import annotations

import ast
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tomli_w

from tests.plugin.operator import REPOSITORY
from tests.plugin.reopened import UNITS, Reopened
from tests.plugin.shop import NAMES

Reds = set[tuple[str, str | None]]
Spoil = Callable[[Reopened], object]


@pytest.fixture(scope="module")
def shop() -> Iterator[Reopened]:
    """A shop that was just rolled back, for all tests of this file, with a baseline."""
    shop = Reopened(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    try:
        shop.baseline()
        yield shop
    finally:
        shop.down()


@pytest.fixture
def spoilt(shop: Reopened) -> Iterator[Reopened]:
    """The same shop, put back as it was after the test."""
    kept = shop.home / "kept"
    for name in ("srv", "state", "units"):
        shutil.copytree(shop.home / name, kept / name, symlinks=True)
    yield shop
    shop.calm()
    for name in ("srv", "state", "units"):
        shutil.rmtree(shop.home / name)
        shutil.copytree(kept / name, shop.home / name, symlinks=True)
    shutil.rmtree(kept)
    shop.describe()
    shop.control("update")
    shop.control("restart", *(f"shop-{name}" for name in NAMES))
    shop.forget()


def never_quite_up(shop: Reopened) -> None:
    """Have the manager wait before it calls the web unit active, which runs and answers."""
    unit = shop.home / "units/shop-web.conf"
    unit.write_text(shop.section("web", shop.ports["web"], startsecs=3600))
    shop.control("update", "shop-web")


def restart_while_watched(shop: Reopened) -> None:
    """Restart the web unit between the two looks at it: by what validation itself imports."""
    words = ["-m", "supervisor.supervisorctl", "-s", f"unix://{shop.socket}", "restart", "shop-web"]
    run = f"import subprocess, sys\nsubprocess.run([sys.executable, *{words}], check=True)\n"
    shop.put("web/extra.py", run)


DEFECTS: dict[str, tuple[Spoil, str | None]] = {
    "validate.units.active": (never_quite_up, "web"),
    "validate.units.stable": (restart_while_watched, "web"),
    "validate.units.listening": (lambda s: s.revise({"listens": [1]}), "web"),
    "validate.units.began": (lambda s: s.touch("web/serve.py"), "web"),
    "validate.units.alone": (lambda s: s.detached(), None),
    "validate.health.answers": (lambda s: s.switch("web.flaky"), "web"),
    "validate.requests.processed": (lambda s: s.switch("web.lossy"), "web"),
    "validate.latency.within_limit": (lambda s: s.probe("web", limit="0.05ms"), "web"),
    "validate.latency.within_baseline": (lambda s: s.switch("web.slow"), "web"),
    "validate.imports.load": (lambda s: s.put("web/extra.py", "import nowhere\n"), "web"),
    "validate.constructs.in_time": (
        lambda s: s.put("web/menu.py", "import time\ndef Menu(dish): time.sleep(0.2)\n"),
        "web",
    ),
    "validate.logs.clean": (lambda s: s.switch("web.grumble"), "web"),
    "validate.backups.none_left": (lambda s: s.put("motto.txt.prev", "previous\n"), None),
    "validate.files.recorded": (lambda s: s.put("web/serve.py", "# current\n"), "web"),
    "validate.files.unchanged": (lambda s: (s.root / "web/kept.py").unlink(), "web"),
    "validate.files.added_gone": (lambda s: s.put("web/added.py", "added = 1\n"), None),
    "validate.configuration.recorded": (lambda s: s.put("config/shop.json", "{} \n"), None),
    "validate.maintenance.lifted": (lambda s: s.page.write_text("maintenance"), None),
}
ALSO: dict[str, Reds] = {
    # What follows of necessity: only another unit file has the manager wait before it says active.
    "validate.units.active": {("validate.configuration.recorded", None)},
    # What is changed while its unit runs is not what that unit was started from.
    "validate.files.recorded": {("validate.units.began", "web")},
    "validate.configuration.recorded": {("validate.units.began", name) for name in NAMES},
}


OF_RELEASES = {f"validate.release.{each}" for each in ("back", "whole", "proven")}
"""Criteria of releases that are kept as a whole, which are seen red in test_strategies.py."""


def criteria() -> set[str]:
    """Return every criterion id of the validate suite, from its sources."""
    trees = [ast.parse(path.read_text()) for path in REPOSITORY.glob("suites/validate/test_*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        ast.literal_eval(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "criterion"
    }


def test_a_system_that_is_right_is_recovered(shop: Reopened) -> None:
    """Every criterion is met, and the report has the response times of every probe."""
    assert shop.reds("validate") == (0, set())
    charts = shop.record()["latency"]

    assert {each["probe"] for each in charts} == {"web", "web-order", "till", "till-order"}
    assert all(len(each["samples_ms"]) >= 50 and each["baseline_p95"] for each in charts)


def test_every_criterion_has_a_defect() -> None:
    """A criterion that nobody has seen red fails here."""
    assert set(DEFECTS) | OF_RELEASES == criteria()


@pytest.mark.parametrize("identity", sorted(DEFECTS))
def test_a_defect_turns_its_criterion_red(spoilt: Reopened, identity: str) -> None:
    """One defect turns one criterion red, for one component, and the run ends with 1."""
    spoil, component = DEFECTS[identity]
    spoil(spoilt)

    wanted = (1, {(identity, component)} | ALSO.get(identity, set()))
    assert spoilt.reds("validate") == wanted, json.dumps(spoilt.record()["criteria"], indent=1)


def outcomes(shop: Reopened, identity: str) -> dict[str | None, str]:
    """Return how one criterion ended in the last run, by component."""
    rows = shop.record()["criteria"]
    return {row["component"]: row["outcome"] for row in rows if row["id"] == identity}


UNKNOWN: list[tuple[str, Spoil, str | None]] = [
    ("validate.logs.clean", lambda s: s.revise({"log": str(s.home / "no.log")}), "web"),
    ("validate.logs.clean", lambda s: s.revise({"log": str(s.home / "d.pid")}), "web"),
    ("validate.latency.within_baseline", lambda s: (s.state / "baseline.json").unlink(), "web"),
    (
        "validate.latency.within_baseline",
        lambda s: (s.state / "baseline.json").write_text("{}"),
        "web",
    ),
    ("validate.latency.within_limit", lambda s: s.probe("web", body="superb"), "web"),
]


@pytest.mark.parametrize(("identity", "spoil", "component"), UNKNOWN)
def test_what_could_not_be_looked_at_is_inconclusive(
    spoilt: Reopened, identity: str, spoil: Spoil, component: str
) -> None:
    """Nothing declared, nothing to read, nothing to compare with: no pass, and no failure."""
    spoil(spoilt)
    code, printed = spoilt.pytest("suites/validate")

    assert code in {1, 10}
    assert outcomes(spoilt, identity)[component] == "inconclusive", printed


def test_what_is_slower_than_its_baseline_becomes_no_new_baseline(spoilt: Reopened) -> None:
    """Readiness refuses to forget what was normal; what is healthy is stored all the same."""
    before = json.loads((spoilt.state / "baseline.json").read_text())["probes"]
    spoilt.switch("web.slow")
    code, printed = spoilt.pytest("suites/readiness", "-k", "test_a_baseline_is_stored")
    after = json.loads((spoilt.state / "baseline.json").read_text())["probes"]

    assert code == 1
    assert "web: p50" in printed
    assert after["web"] == before["web"]
    assert after["till"] != before["till"]


KEYS = ("imports", "constructs", "requests")
BESIDE = ("validate.imports.load", "validate.constructs.in_time", "validate.requests.processed")


@pytest.mark.parametrize("words", [(), ("-n", "2")])
def test_what_a_system_has_nothing_for_is_no_criterion(
    spoilt: Reopened, words: tuple[str, ...]
) -> None:
    """It is neither met nor missing, and the key that would make it apply is told."""
    document = spoilt.document()
    first, *others = document["components"]
    first.update({key: [] for key in KEYS})
    for component in others:
        for key in KEYS:
            del component[key]
    for table in ("edge", "maintenance"):
        document.pop(table, None)
    spoilt.manifest.write_text(tomli_w.dumps(document))
    code, printed = spoilt.pytest("suites/validate", *words)
    record = spoilt.record()

    assert (code, "RECOVERED" in printed) == (0, True), printed
    assert {c["id"] for c in record["criteria"]}.isdisjoint(BESIDE)
    lifted = "validate.maintenance.lifted (maintenance or edge)"
    assert lifted in record["not_applicable"]
    assert f"{BESIDE[0]} [web] (components.imports)" in record["not_applicable"]
    each = len(BESIDE) * len(document["components"])
    assert len(record["not_applicable"]) == 1 + len(OF_RELEASES) + each
    assert record["not_evaluated"] == []
    assert "not applicable: " in printed
    assert lifted in " ".join(printed.split())


def test_a_suite_without_any_criterion_proves_nothing(spoilt: Reopened) -> None:
    """What is left out by itself is no good verdict."""
    document = spoilt.document()
    for table in ("edge", "maintenance"):
        document.pop(table, None)
    spoilt.manifest.write_text(tomli_w.dumps(document))
    code, printed = spoilt.pytest("suites/validate", "-k", "lifted")

    assert (code, "PARTIAL: 0 of " in printed, "RECOVERED" in printed) == (14, True, False), printed
    assert "not applicable: validate.maintenance.lifted" in printed


@pytest.mark.parametrize("path", [f"srv/{UNITS[0]}", UNITS[0]])
def test_an_installed_unit_file_is_the_releases(spoilt: Reopened, path: str) -> None:
    """Neither the release's own unit file nor the installed one may differ from the record."""
    with (spoilt.home / path).open("a") as file:
        file.write("; current\n")

    older = NAMES if path.startswith("srv/") else ("web",)  # one file of the release is shared
    began = {("validate.units.began", name) for name in older}
    assert spoilt.reds("validate") == (1, {("validate.configuration.recorded", None)} | began)


def test_who_answers_in_the_units_place_is_named(spoilt: Reopened) -> None:
    """A process of the failed release holds the port; the unit's own waits for it, unharmed."""
    serve, port = spoilt.root / "web/serve.py", spoilt.ports["web"]
    waiting = serve.read_text().replace("\nhttp.server.Thr", "\ntime.sleep(300)\nhttp.server.Thr")
    spoilt.control("stop", "shop-web")
    words = (sys.executable, str(serve), "web", str(port), str(spoilt.home / "switches"))
    orphan = spoilt.detached(*words)
    time.sleep(1.0)
    serve.write_text(waiting)
    spoilt.control("start", "shop-web")
    _, printed = spoilt.pytest("suites/validate")

    assert outcomes(spoilt, "validate.units.listening")["web"] == "not met", printed
    assert f"pid {orphan.pid} (" in printed
    assert outcomes(spoilt, "validate.units.alone") == {None: "not met"}


def test_nothing_recorded_is_nothing_restored(spoilt: Reopened) -> None:
    """That no saved copy is left proves nothing where none was ever recorded."""
    (spoilt.state / "backups.json").unlink()
    code, printed = spoilt.pytest("suites/validate")

    assert code == 1
    assert "no backup set is recorded" in printed


def test_an_error_before_the_start_and_known_noise_do_not_count(spoilt: Reopened) -> None:
    """The incident is over; what is known to be no error is counted aside, until its day."""
    log = spoilt.home / "web.log"
    log.write_text("2020-01-01T00:00:00.000+00:00 ERROR the incident\n")
    spoilt.switch("web.grumble")
    noise = {"pattern": "ERROR /", "owner": "ann"}
    spoilt.describe(logs={"noise": [{**noise, "until": "2999-01-01"}]})
    valid = spoilt.reds("validate")
    spoilt.describe(logs={"noise": [{**noise, "until": "2020-01-01"}]})
    over = spoilt.reds("validate")

    assert valid == (0, set())
    assert over == (1, {("validate.logs.clean", "web")})
