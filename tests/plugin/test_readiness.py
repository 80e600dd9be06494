"""Readiness on a real system: green when it is right, and each defect turns its criterion red."""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.plugin.operator import REPOSITORY
from tests.plugin.shop import Shop

Reds = set[tuple[str, str | None]]


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A shop that is up, for all tests of this file; a short path, for its socket's sake."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    yield shop
    shop.down()


@pytest.fixture
def spoilt(shop: Shop) -> Iterator[Shop]:
    """The same shop, put back as it was after the test."""
    kept = shop.home / "kept"
    shutil.copytree(shop.root, kept / "srv", symlinks=True)
    shutil.copytree(shop.state, kept / "state")
    yield shop
    for name in ("srv", "state"):
        shutil.rmtree(shop.home / name)
        shutil.copytree(kept / name, shop.home / name, symlinks=True)
    shutil.rmtree(kept)
    shop.describe()
    shop.control("start", "all")


def copy(shop: Shop) -> Path:
    """Return the saved copy of the web component's file."""
    return shop.root / "web/serve.py.prev"


def link(path: Path) -> None:
    """Turn a file into a link to the same bytes elsewhere."""
    elsewhere = path.parent.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def kill_and_keep_down(shop: Shop) -> None:
    """Point the web unit's probe at a page that says something else."""
    document = shop.document()
    document["probes"]["web"]["body"] = "superb"
    shop.describe(probes=document["probes"])


def misname(shop: Shop) -> None:
    """Misspell the web unit."""
    components = shop.document()["components"]
    components[0]["unit"] = "shop-wep"
    shop.describe(components=components)


def shut(shop: Shop) -> None:
    """Name a port that nobody listens on."""
    components = shop.document()["components"]
    components[0]["listens"] = [1]
    shop.describe(components=components)


DEFECTS: dict[str, tuple[Callable[[Shop], object], str | None]] = {
    "readiness.record.trusted": (lambda s: (s.state / "backups.json").chmod(0o666), None),
    "readiness.backups.complete": (lambda s: copy(s).unlink(), "web"),
    "readiness.backups.nonempty": (lambda s: copy(s).write_bytes(b""), "web"),
    "readiness.backups.intact": (lambda s: copy(s).write_text("altered"), "web"),
    "readiness.backups.regular": (lambda s: link(copy(s)), "web"),
    "readiness.backups.differ": (
        lambda s: (s.root / "web/serve.py").write_bytes(copy(s).read_bytes()),
        "web",
    ),
    "readiness.backups.protected": (lambda s: copy(s).chmod(0o666), "web"),
    "readiness.backups.ownership": (lambda s: copy(s).chmod(0o600), "web"),
    "readiness.backups.targeted": (lambda s: (s.root / "old.prev").write_text("stray"), None),
    "readiness.units.startable": (misname, "web"),
    "readiness.units.listening": (shut, "web"),
    "readiness.probes.answer": (kill_and_keep_down, "web"),
}
ALSO: dict[str, Reds] = {
    # What follows of necessity: a file open to others has another mode than the recorded one,
    # and without a record that can be trusted no saved copy is known.
    "readiness.backups.protected": {("readiness.backups.ownership", "web")},
    "readiness.record.trusted": {("readiness.backups.targeted", None)},
}


def criteria() -> set[str]:
    """Return every criterion id of the readiness suite, from its sources."""
    trees = [ast.parse(path.read_text()) for path in REPOSITORY.glob("suites/readiness/test_*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        ast.literal_eval(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "criterion"
    }


def test_a_system_that_is_right_is_ready(shop: Shop) -> None:
    """Every criterion is met, and the run ends with 0."""
    assert shop.readiness() == (0, set())


def test_every_criterion_has_a_defect() -> None:
    """A criterion that nobody has seen red fails here."""
    assert set(DEFECTS) == criteria()


@pytest.mark.parametrize("identity", sorted(DEFECTS))
def test_a_defect_turns_its_criterion_red(spoilt: Shop, identity: str) -> None:
    """One defect turns one criterion red, for one component, and the run ends with 1."""
    spoil, component = DEFECTS[identity]
    spoil(spoilt)

    assert spoilt.readiness() == (1, {(identity, component)} | ALSO.get(identity, set()))


def test_a_typo_in_the_manifest_ends_before_anything_is_asked(spoilt: Shop) -> None:
    """Exit code 4, the key, and a hint; no traceback."""
    spoilt.describe(sytem={})
    code, printed = spoilt.pytest("suites/readiness")

    assert code == 4
    assert "sytem: unknown key; did you mean 'system'?" in printed
    assert "HINT:" in printed
    assert "Traceback" not in printed


def test_an_expired_waiver_is_said_and_a_valid_one_waives(spoilt: Shop) -> None:
    """A waiver holds until its last day, and no longer."""
    waiver = {"criterion": "readiness.backups.complete", "owner": "ann", "reason": "drill"}
    copy(spoilt).unlink()
    spoilt.describe(waivers=[{**waiver, "until": "2999-01-01"}])
    valid, _ = spoilt.pytest("suites/readiness")
    spoilt.describe(waivers=[{**waiver, "until": "2020-01-01"}])
    expired, printed = spoilt.pytest("suites/readiness")

    assert (valid, expired) == (0, 1)
    assert "EXPIRED" in printed
