"""The recipe for Python, played by its own text: wheels, an environment per release, a rollback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.manifest.load import load
from tests.plugin.wheelhouse import DEPLOY, DOWNLOAD, WheelShop, released

KEPT = "readiness.release.kept"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of three releases: the only index that there is."""
    place = tmp_path_factory.mktemp("wheels")
    for version in ("1.0", "2.0", "3.0"):
        released(place, version)
    return place / "index"


@pytest.fixture(scope="module")
def shop(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WheelShop]:
    """The shop of the recipe, described by its manifest and deployed once by its own lines."""
    shop = WheelShop(tmp_path_factory.mktemp("s"), index)
    shop.described()
    shop.first()
    try:
        shop.baseline()
        shop.carried_out(DOWNLOAD)
        shop.printed = shop.carried_out(DEPLOY)
        shop.wait("2.0")
        yield shop
    finally:
        shop.down()


def test_the_recipe_leads_to_a_rollback_that_installs_nothing(shop: WheelShop) -> None:
    """Saved, deployed, READY, rolled back with no wheel left, undone."""
    assert ("READY" in shop.printed, "NOT READY" in shop.printed) == (True, False), shop.printed
    (shop.root / "wheels").rename(shop.home / "away")
    code, printed = shop.pytest("suites/drill", "suites/validate", "--arm=corner")
    assert (code, "RECOVERED in " in printed) == (0, True), printed
    shop.wait("1.0")
    run = str(shop.record()["run"])
    code, printed = shop.rollback("undo", run, "--arm=corner")
    assert code == 0, printed
    shop.wait("2.0")
    (shop.home / "away").rename(shop.root / "wheels")


def test_init_writes_the_table_of_the_recipe(shop: WheelShop) -> None:
    """Whose link leads to an environment; nothing of it is a question."""
    path = shop.home / "described.toml"
    words = (f"--output={path}", f"--root={shop.root}", f"--state={shop.state}")
    command = [sys.executable, "-m", "pytest_rollback.cli.main", "init", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    text = path.read_text()

    wanted = load(shop.manifest).system.release
    release = load(path).system.release
    assert (release.strategy, release.links) == (wanted.strategy, wanted.links)
    assert "2.0 is a virtual environment" in text
    assert "begins with" not in text


def test_a_live_environment_that_is_spoilt_is_no_reason_against_the_previous_one(
    shop: WheelShop,
) -> None:
    """Also where the unit names a Python behind the link: the previous release has its own."""
    (live,) = (shop.root / "releases/2.0/lib").glob("python3*/site-packages/acme_shop/serve.py")
    text, manifest = live.read_text(), shop.manifest.read_text()
    own = f'interpreter = "{shop.root}/current/bin/python3"\nimports = '
    shop.manifest.write_text(manifest.replace("imports = ", own))
    live.write_text("import nonsense (\n")
    try:
        shop.pytest("suites/readiness", "-k", "test_tree")
        found = {how for (name, _), how in shop.outcomes().items() if name.endswith("imports")}
        assert found == {"met"}
    finally:
        live.write_text(text)
        shop.manifest.write_text(manifest)


def reds(shop: WheelShop) -> str:
    """Ask about the previous release alone; return what was said, on one line."""
    code, printed = shop.pytest("suites/readiness", "-k", "test_release")
    assert code == 1, printed
    assert shop.outcomes()[KEPT, None] == "not met"
    return " ".join(printed.split())


def test_what_pip_changes_in_the_previous_environment_is_red(shop: WheelShop) -> None:
    """By the files, however pip put them there."""
    words = ("--no-index", "--find-links", str(shop.index), "--force-reinstall", "--no-deps")
    pip = str(shop.root / "releases/1.0/bin/pip")
    subprocess.run([pip, "install", "-q", *words, "acme-answer==2.0"], check=True)

    assert "acme_answer-2.0.dist-info" in reds(shop) or "acme_answer-1.0.dist-info" in reds(shop)


def test_a_python_that_is_gone_is_red(shop: WheelShop) -> None:
    """The environment is whole, and nothing starts it."""
    place = shop.root / "releases/1.0/bin/python3"
    moved = place.with_name("away")
    place.rename(moved)
    place.symlink_to("/nowhere/python3")
    try:
        assert "bin/python3" in reds(shop)
    finally:
        place.unlink()
        moved.rename(place)


def test_an_environment_that_lacks_a_package_is_red(shop: WheelShop) -> None:
    """The previous release is imported with its own environment, and not with the live one."""
    pip = str(shop.root / "releases/1.0/bin/pip")
    subprocess.run([pip, "uninstall", "-q", "-y", "acme-answer"], check=True)
    code, printed = shop.pytest("suites/readiness", "-k", "test_tree")

    assert code == 1, printed
    assert shop.outcomes()["readiness.tree.imports", "shop"] == "not met"
    assert "acme_answer" in printed


def test_a_wheel_with_another_digest_is_installed_nowhere(shop: WheelShop) -> None:
    """The deploy ends before anything is saved or switched."""
    before = (shop.state / "backups.json").read_bytes()
    shop.carried_out(DOWNLOAD, "3.0")
    wheel = next((shop.root / "wheels/3.0").glob("acme_answer-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"x")
    printed = shop.carried_out(DEPLOY, "3.0", check=False)

    assert "DO NOT MATCH THE HASHES" in printed, printed
    assert (shop.state / "backups.json").read_bytes() == before
    assert shop.answer()["acme-shop"] == "2.0"
