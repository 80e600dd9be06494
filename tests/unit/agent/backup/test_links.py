"""Releases in directories behind a link: recorded before a deploy, compared before a rollback."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.backup.strategies import links
from pytest_rollback.agent.configuration import formats
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.backup.strategies import LinksRequest, PreviousPart
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.state import backup_set, runs
from pytest_rollback.agent.state.releases import linked
from pytest_rollback.agent.state.releases.copies import Copies
from tests.unit.support.deployed import saving
from tests.unit.support.requests import begin, located, restore

FILES = {"app/web.py": "PORT = 1\n", "app/static/logo": "o", "etc/web.service": "[Service]\n"}


class Linked:
    """A root with `releases/NAME` behind `current`, as most deploy tools lay it out."""

    def __init__(self, place: Path, *, absolute: bool = False) -> None:
        self.root, self.state, self.absolute = place / "root", place / "var" / "state", absolute
        (self.root / "shared").mkdir(parents=True)
        (self.root / "shared/log").mkdir()
        self.release("1")
        self.lead("1")

    def place(self, name: str) -> Path:
        """Return the directory of a release."""
        return self.root / "releases" / name

    def release(self, name: str, **more: str) -> Path:
        """Make a release with its files."""
        place = self.place(name)
        for path, text in {**FILES, "VERSION": name, **more}.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(text)
        (place / "log").symlink_to(os.path.relpath(self.root / "shared/log", place))
        return place

    def lead(self, name: str) -> None:
        """Switch the link, in one step."""
        fresh = self.root / ".fresh"
        fresh.symlink_to(self.place(name) if self.absolute else f"releases/{name}")
        fresh.replace(self.root / "current")

    def request(self, **different: object) -> LinksRequest:
        """Return the request about the link."""
        plain = LinksRequest(located(self.root, self.state), ("current",))
        return plain._replace(**different)  # type: ignore[arg-type]

    def saving(self, previous: str, current: str) -> SaveRequest:
        """Return the request to save the link, but for what its strategy remembers."""
        request = saving(self.root, self.state, ["current"], replace=True)
        names = (Release(previous, None), Release(current, None))
        return request._replace(previous=names[0], current=names[1])

    def save(self, previous: str = "1", current: str = "2", **different: object) -> None:
        """Record the release that is live, as a deploy does before it switches the link."""
        leads = (self.root / "current").readlink().name
        name = "" if leads == current else current
        part = links.record(self.request(**{"current": name, **different}))
        request = self.saving(previous, current)
        save.save(request._replace(parts={linked.PART: part.text}))

    def deploy(self, name: str = "2") -> None:
        """Record, and bring the next release."""
        self.save(current=name)
        self.release(name)
        self.lead(name)

    def look(self, **different: object) -> PreviousPart:
        """Return what is known of the previous release."""
        (part,) = links.previous(self.request(**different)).parts
        return part

    def faults(self, **different: object) -> list[tuple[str, str]]:
        """Return its faults: path and kind."""
        return [(each.path, each.fault) for each in self.look(**different).faults]

    def restore(self) -> int:
        """Lead the link back as a rollback does."""
        runs.begin(begin(self.state))
        request = restore(located(self.root, self.state))
        return apply.apply(request._replace(digest=apply.look(request).digest)).number


@pytest.fixture(params=[False, True], ids=["relative", "absolute"])
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Linked:
    """A system of which release 2 is live over release 1."""
    shop = Linked(tmp_path, absolute=request.param)
    shop.deploy()
    return shop


def test_the_previous_release_is_found_whole(shop: Linked) -> None:
    """It is where the link led when it was recorded, whatever is live now."""
    found = shop.look()

    assert (found.place, found.release, found.is_back) == (str(shop.place("1")), "1", False)
    assert (found.faults, found.more, found.threats, found.unexpected) == ((), (), (), "")
    assert found.files == len(FILES) + 2 + 3  # its version, its link, and three directories


def test_the_link_is_led_back_as_it_was_written(shop: Linked) -> None:
    """One rename; a relative link stays relative, and the directories stay as they are."""
    before = shop.place("1").stat().st_ctime_ns
    wanted = str(shop.place("1")) if shop.absolute else "releases/1"

    assert shop.restore() == 1
    assert str((shop.root / "current").readlink()) == wanted
    assert shop.look().is_back
    assert shop.place("1").stat().st_ctime_ns == before
    assert shop.place("2").is_dir()


def test_what_is_not_as_recorded_is_a_fault(shop: Linked) -> None:
    """Other bytes of the same length, another mode, a file that is gone: each by its name."""
    (shop.place("1") / "app/web.py").write_text("PORT = 2\n")
    (shop.place("1") / "app/static/logo").chmod(0o600)
    (shop.place("1") / "VERSION").unlink()

    assert shop.faults() == [
        ("VERSION", "missing"),
        ("app/web.py", "altered"),
        ("app/static/logo", "altered"),
    ]


def test_a_release_that_is_gone_is_a_fault_and_is_not_gone_back_to(shop: Linked) -> None:
    """The link would lead to nothing: nothing is changed."""
    shutil.rmtree(shop.place("1"))

    assert shop.faults() == [(str(shop.place("1")), "missing")]
    with pytest.raises(HostError, match="is no directory any more"):
        shop.restore()
    assert (shop.root / "current").readlink().name == "2"


def test_a_directory_that_is_a_link_now_is_not_the_recorded_one(shop: Linked) -> None:
    """Whoever replaced it may lead it anywhere."""
    shop.place("1").rename(shop.place("1-moved"))
    shop.place("1").symlink_to("1-moved")

    assert shop.faults() == [(str(shop.place("1")), "missing")]


def test_a_shared_link_that_leads_to_nothing_any_more_is_a_fault(shop: Linked) -> None:
    """One that did so when it was recorded is none."""
    (shop.root / "shared/log").rmdir()

    assert shop.faults() == [("log", "dangling")]


def test_a_link_that_led_to_nothing_already_is_no_fault(tmp_path: Path) -> None:
    """The release ran with it."""
    shop = Linked(tmp_path)
    (shop.place("1") / "socket").symlink_to("/run/nobody-has-this")
    shop.deploy()

    assert shop.faults() == []


def test_what_nobody_recorded_is_told(shop: Linked) -> None:
    """A module that was put there later would be imported; bytecode is none."""
    (shop.place("1") / "app/json.py").write_text("")
    (shop.place("1") / "app/__pycache__").mkdir()
    (shop.place("1") / "app/__pycache__/web.cpython-311.pyc").write_text("")

    assert shop.look().more == ("app/json.py",)


def test_what_the_system_writes_there_is_not_compared(tmp_path: Path) -> None:
    """It is named in `besides`."""
    shop = Linked(tmp_path)
    (shop.place("1") / "tmp").mkdir()
    (shop.place("1") / "tmp/cache").write_text("1")
    shop.save(besides=("tmp/**", "tmp"))
    shop.release("2")
    shop.lead("2")
    (shop.place("1") / "tmp/cache").write_text("2")
    (shop.place("1") / "tmp/more").write_text("")

    found = shop.look()
    assert (found.faults, found.more) == ((), ())


def test_a_deploy_tool_that_would_prune_it_is_a_threat(shop: Linked) -> None:
    """By the order of the tool, whatever the age of a directory is; one alone is never enough."""
    assert shop.look(keep=5).threats == ()
    assert shop.look(keep=1).threats != ()

    for name in ("10", "11"):
        shop.release(name)
    (said,) = shop.look(keep=2).threats
    assert said == (
        f"the deploy tool keeps 2 of 4 releases in {shop.root}/releases: 1 is removed by the next "
        "clean-up"
    )


def test_without_a_record_nothing_is_assumed(tmp_path: Path) -> None:
    """Not the directory with the next lower name, and not the one that was made before."""
    shop = Linked(tmp_path)
    shop.release("2")
    shop.lead("2")

    found = shop.look()
    assert (found.place, [each.fault for each in found.faults]) == ("", ["unrecorded"])


def test_the_same_save_again_does_not_record_what_is_live_now(shop: Linked) -> None:
    """A deploy that is repeated half way: the first record stands."""
    shop.save()

    assert shop.look().place == str(shop.place("1"))


def test_a_link_that_is_none_is_named(tmp_path: Path) -> None:
    """A directory, nothing, or a link to nothing."""
    shop = Linked(tmp_path)
    for name, said in (("shared", "is a directory, and no link"), ("nope", "is not there")):
        with pytest.raises(HostError, match=said):
            links.record(shop.request(links=(name,)))
    (shop.root / "lost").symlink_to("nowhere")
    with pytest.raises(HostError, match="which is no directory"):
        links.record(shop.request(links=("lost",)))


def test_a_listing_that_was_changed_proves_nothing(shop: Linked) -> None:
    """It is known by its digest, which the record has."""
    (listing,) = (shop.state / linked.FOLDER).iterdir()
    listing.write_bytes(listing.read_bytes()[:-1])
    with pytest.raises(HostError, match="other bytes than recorded"):
        shop.look()

    listing.unlink()
    with pytest.raises(HostError, match="cannot be used"):
        shop.look()


def test_a_path_below_the_link_is_read_in_the_previous_release(shop: Linked) -> None:
    """Before the rollback and after it, when the backup of the link is put away."""
    files = {each.path: each for each in backup_set.read(str(shop.state)).files}

    def text() -> str:
        path = formats.restored(
            str(shop.root), Copies(str(shop.root), ".backup"), files, "current/VERSION"
        )
        return Path(path).read_text()

    assert text() == "1"
    shop.restore()
    (shop.root / "current.backup").unlink()
    assert text() == "1"


def test_what_is_live_already_is_not_recorded_as_the_previous_one(shop: Linked) -> None:
    """The hook stands after the switch: what was live before is not known any more."""
    with pytest.raises(HostError, match="leads to 2 already, the release to be deployed"):
        links.record(shop.request(current="2"))


def test_what_would_be_recorded_is_told_and_nothing_is_kept(tmp_path: Path) -> None:
    """As `--dry-run` asks."""
    shop = Linked(tmp_path)
    said = links.record(shop.request(dry=True, current="2"))

    assert (said.words, said.release) == ("current -> releases/1", "1")
    assert not shop.state.exists()


def test_listings_that_no_record_needs_are_removed(shop: Linked) -> None:
    """The next deploy records again; of two records one listing each is enough."""
    shop.save("2", "3")
    shop.release("3")
    shop.lead("3")
    shop.save("3", "4")

    assert len(list((shop.state / linked.FOLDER).iterdir())) == 2  # this one, and the one before
    assert shop.look().place == str(shop.place("3"))


def test_a_root_that_is_the_link_itself_is_told(shop: Linked) -> None:
    """What to write instead is the hint."""
    shop.root = shop.root / "current"
    with pytest.raises(HostError) as told:
        links.record(shop.request())

    assert f'root = "{shop.root.parent}" and links = ["current"]' in told.value.hint
