"""`rollback init` on a host with a compose project: described, saved, rolled back."""

from __future__ import annotations

from pathlib import Path

from pytest_rollback.manifest.load import load
from tests.containers.project import Shop
from tests.shapes.follower import Follower


class Describer(Follower):
    """Somebody with a project that runs, who has nothing written."""

    def __init__(self, shop: Shop, home: Path) -> None:
        super().__init__(home, {})
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
    system = load(ann.manifest).system
    assert [each.unit for each in system.components] == ["store", "web"]
    assert (system.services.manager, system.release.images) == ("compose", ("compose.yaml",))
    assert all(each.url for each in system.probes.values())

    ann.baseline()
    ann.carried_out("save what it changes", ("OLD", "v1"), ("NEW", "v2"))
    shop.deploy("localhost/shop:2")
    code, printed = ann.called("init", "--check", f"--target={ann.manifest}")
    assert code == 0, printed
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
