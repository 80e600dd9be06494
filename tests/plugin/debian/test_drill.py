"""A release that is a package, by the commands of its operator: READY, RECOVERED, undone, red."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.plugin.debian.host import lacking
from tests.plugin.debian.shop import PackagedShop

MORE = "/etc/acme-shop/more.conf"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackagedShop]:
    """Version 1.0 recorded, 2.0 installed over it and live."""
    why = lacking()
    if why:
        pytest.skip(f"not run: {why}; these tests are for Debian, as root")
    found = PackagedShop(tmp_path_factory.mktemp("live"))
    try:
        found.release()
        yield found
    finally:
        found.down()


def reds(live: PackagedShop) -> set[str]:
    """Return the criteria that were not met in the last run."""
    return {identity for (identity, _), how in live.outcomes().items() if how == "not met"}


def test_a_failing_package_stops_the_drill_which_goes_on_later(live: PackagedShop) -> None:
    """The whole way on one host: each step begins where the one before it ended."""
    flag = live.host.path("/etc/acme-fail")
    flag.touch()
    code, printed = live.pytest("suites/drill", "--arm=corner")
    assert (code, "NOT RECOVERED" in printed) == (1, True), printed
    assert reds(live) == {"drill.packages.returned"}
    assert "cannot migrate" in printed
    assert "HINT: " in printed
    assert "to undo" in printed
    assert live.answer() == {}
    run = str(live.record()["run"])

    flag.unlink()
    code, printed = live.pytest("suites/drill", "suites/validate", "--arm=corner")
    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert (live.answer()["version"], live.installed()) == ("1.0", "install installed 1.0")
    assert not live.host.path(MORE).exists()

    code, printed = live.pytest("suites/drill", "--arm=corner")
    assert (code, "there is nothing to roll back" in " ".join(printed.split())) == (1, True)

    code, printed = live.rollback("undo", run, "--arm=corner")
    assert code == 0, printed
    live.wait("2.0")
    assert live.installed() == "install installed 2.0"
    assert live.host.path(MORE).exists()
    code, found = live.reds("validate")
    assert "validate.release.back" in {each for each, _ in found}

    code, printed = live.pytest("suites/drill", "suites/validate", "--arm=corner")
    assert (code, "RECOVERED in " in printed) == (0, True), printed


def test_nothing_is_begun_without_the_archive(live: PackagedShop) -> None:
    """Readiness is red for it, a drill stops nothing, and validate misses it after a rollback."""
    assert live.answer()["version"] == "1.0"
    live.save()  # of the same releases: the set before is used up, and this is another deploy
    live.deploy("2.0")
    (kept,) = (live.state / "packages").glob("acme-shop_1.0_*")
    away = shutil.copy2(kept, live.home / "away.deb")
    kept.unlink()
    code, printed = live.pytest("suites/readiness", "-k", "test_release or test_plans")
    assert code == 1, printed
    assert reds(live) == {"readiness.release.kept", "readiness.plans.made"}
    code, printed = live.pytest("suites/drill", "--arm=corner")
    assert (code, live.answer()["version"]) == (1, "2.0"), printed

    shutil.copy2(away, kept)
    code, printed = live.pytest("suites/drill", "--arm=corner")
    assert code == 0, printed
    kept.unlink()
    code, found = live.reds("validate")
    assert ("validate.release.whole", None) in found
