"""`rollback init` on a host with a compose project: described, saved, rolled back."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_rollback.manifest.load import load
from tests.containers.project import Shop
from tests.shapes.follower import Follower


class Describer(Follower):
    """Somebody with a project that runs, who has nothing written."""

    def __init__(self, shop: Shop, home: Path) -> None:
        ports = {f"PORT-OF-{name}": str(port) for name, port in shop.ports.items()}
        super().__init__(home, {"HOME": str(shop.home), **ports})
        self.shop = shop

    def described(self, *words: str) -> str:
        """Have the project described; return what is written."""
        place = f"--root={self.shop.root}"
        self.init(place, "--target-name=here", f"--state={self.shop.home}/state", *words)
        return self.manifest.read_text()


def test_a_project_that_runs_leads_to_recovered_without_a_line_by_hand(
    shop: Shop, tmp_path: Path
) -> None:
    """Its services in their order, published ports, the file that names images; then the drill."""
    shop.deploy("localhost/shop:1")
    home = tmp_path / "desk"
    home.mkdir()
    ann = Describer(shop, home)
    text = ann.described()

    assert 'strategy = "images"' in text
    ann.compare("compose.toml")
    system = load(ann.manifest).system
    assert [each.unit for each in system.components] == ["store", "web"]
    assert (system.services.manager, system.release.images) == ("compose", ("compose.yaml",))
    assert all(each.url for each in system.probes.values())

    ann.baseline()
    ann.carried_out("save what it changes", ("OLD", "v1"), ("NEW", "v2"))
    shop.deploy("localhost/shop:2")
    code, printed = ann.called("init", "--check", f"--target={ann.manifest}")
    assert code == 0, printed
    code, printed = ann.pytest("suites/readiness")
    assert (code, "READY" in printed) == (0, True), printed
    ann.note("compose")
    code, printed = ann.pytest("suites/drill", "suites/validate", "--arm=here")
    assert (code, "RECOVERED in" in printed) == (0, True), printed
    assert shop.running("web") == shop.image("localhost/shop:1")


def test_a_project_that_is_down_is_described_by_its_file(shop: Shop, tmp_path: Path) -> None:
    """What its containers would tell is a question."""
    shop.write("localhost/shop:1")
    home = tmp_path / "desk"
    home.mkdir()
    text = Describer(shop, home).described()

    assert 'unit = "store"  # it is inactive, and runs nothing now' in text
    assert f'# {shop.file} lies there\nproject = "{shop.file}"' in text
    assert text.count("# ? listens: its sockets were not seen") == 2


def test_a_container_without_a_port_is_asked_by_the_engine(shop: Shop, tmp_path: Path) -> None:
    """By its health command where it has one; otherwise that it runs, and more is a question."""
    shop.write("localhost/shop:1")
    lines = shop.file.read_text().splitlines(keepends=True)
    shop.file.write_text("".join(line for line in lines if "ports:" not in line))
    shop.compose("up", "--detach")
    home = tmp_path / "desk"
    home.mkdir()
    ann = Describer(shop, home)
    text = ann.described()
    probes = load(ann.manifest).system.probes

    assert probes["store"].command == ("podman", "healthcheck", "run", "shop_store_1")
    assert text.count("listens = []  # it publishes no port") == 2
    assert text.count("# ? a command that shows that its work gets done") == 1
    words = [each.command or () for each in (probes["store"], probes["web"])]
    shop.podman(*words[0][1:])
    assert re.match(probes["web"].body or "nothing", shop.podman(*words[1][1:]))
    shop.podman("stop", "--time", "0", "shop_web_1")
    assert shop.podman(*words[1][1:]) == ""
