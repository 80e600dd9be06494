"""The images of a release: recorded by id and digest, looked at on this host, and back or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pytest_rollback.agent.backup.strategies import images, recorded_images
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.strategies import ImagesRequest, PreviousPart
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.services.survey import SurveyRequest
from pytest_rollback.agent.messages.services.units import ManagerAddress
from pytest_rollback.agent.services.presence.survey import look
from pytest_rollback.agent.state import backup_set
from pytest_rollback.agent.system.containers import images as host_images
from pytest_rollback.agent.system.containers import project
from tests.containers.engine import PYTHON
from tests.containers.project import Shop

FIRST, SECOND, OTHER = (f"localhost/shop:{each}" for each in ("1", "2", "other"))


def request(shop: Shop) -> ImagesRequest:
    """Return the request about both services."""
    where = Location(str(shop.root), str(shop.home / "state"), ".backup")
    address = ManagerAddress("compose", str(shop.file))
    return ImagesRequest(where, address, ("store", "web"), "shop")


def looked(shop: Shop) -> dict[str, PreviousPart]:
    """Return what is known of the previous image of each service."""
    asked = request(shop)
    return dict(zip(asked.units, images.previous(asked).parts, strict=True))


def faults(shop: Shop) -> set[str]:
    """Return the kinds of what is wrong with the previous images."""
    return {each.fault for part in looked(shop).values() for each in part.faults}


@pytest.fixture
def renamed(shop: Shop) -> Iterator[Shop]:
    """A project whose release is recorded under a name of its own, and another one deployed."""
    shop.podman("tag", FIRST, OTHER)
    shop.deploy(OTHER)
    shop.saved()
    shop.deploy(SECOND)
    yield shop
    shop.podman.build(FIRST, "1")


def test_what_ran_is_recorded_by_its_id(renamed: Shop) -> None:
    """It is on this host and starts; what runs now is told, and is not it."""
    parts = looked(renamed)

    assert {name: part.faults for name, part in parts.items()} == {"store": (), "web": ()}
    assert not any(part.is_back or part.threats for part in parts.values())
    assert parts["web"].live.startswith(f"web: {SECOND} ")
    assert all(part.files and part.bytes for part in parts.values())


def test_it_is_back_once_all_run_it_in_good_health(renamed: Shop) -> None:
    """By the id of the image, whatever its name is."""
    renamed.deploy(FIRST)
    renamed.podman("healthcheck", "run", "shop_store_1")

    assert all(part.is_back for part in looked(renamed).values())
    renamed.podman("stop", "--time", "1", "shop_web_1")
    assert {name: part.is_back for name, part in looked(renamed).items()} == {
        "store": True,
        "web": False,
    }


def removed(shop: Shop) -> str:
    """Remove the previous image, as a cleaning does."""
    shop.podman("rmi", "--force", FIRST, OTHER)
    return "missing"


def moved(shop: Shop) -> str:
    """Give its name to another image."""
    shop.podman("tag", SECOND, OTHER)
    return "altered"


@pytest.mark.parametrize("spoil", [removed, moved])
def test_what_would_not_come_back_is_told(renamed: Shop, spoil: Callable[[Shop], str]) -> None:
    """With the command that repairs it."""
    wanted = spoil(renamed)
    hints = {part.hint for part in looked(renamed).values()}

    assert faults(renamed) == {wanted}
    assert all("podman pull" in hint or "podman tag" in hint for hint in hints)


def test_a_name_that_moved_before_the_save_is_refused(shop: Shop) -> None:
    """The file would be saved, and would bring another image back."""
    shop.podman("tag", FIRST, OTHER)
    shop.deploy(OTHER)
    moved(shop)
    with pytest.raises(HostError, match=f"but {OTHER} means") as caught:
        images.record(request(shop))

    assert "podman tag" in caught.value.hint


def test_an_image_that_a_cleaning_deletes_is_told(renamed: Shop) -> None:
    """One without a name by the usual one; a container of ours that is down keeps it."""
    risky = looked(renamed)["web"]
    assert "podman image prune --all deletes" in risky.risks[0]
    renamed.podman(*risky.hint.split()[1:])
    kept = looked(renamed)["web"]
    assert (kept.risks, kept.threats, kept.faults) == ((), (), ())

    renamed.podman("rm", risky.hint.split()[3])
    assert {each.hint for each in looked(renamed).values()} == {risky.hint}
    renamed.podman("untag", renamed.image(FIRST))
    threatened = looked(renamed)["web"]
    assert "podman image prune deletes" in threatened.threats[0]
    assert threatened.hint.startswith("podman tag ")
    renamed.podman(*threatened.hint.split()[1:])
    mended = looked(renamed)["web"]
    assert (mended.threats, mended.faults) == ((), ())


def test_an_image_of_another_platform_is_told(shop: Shop) -> None:
    """This host may run it for a while all the same; nobody relies on that."""
    archive = shop.home / "one.tar"
    shop.podman("create", "--name", "one", FIRST)
    shop.podman("export", "--output", str(archive), "one")
    change = f'CMD ["{PYTHON}", "/app/serve.py", "7000"]'
    words = ("--arch", "riscv64", "--change", change, "--change", "ENV RELEASE=1")
    shop.podman("import", "--quiet", *words, str(archive), OTHER)
    shop.deploy(OTHER)
    shop.saved()
    shop.deploy(SECOND)

    assert faults(shop) == {"altered"}
    assert "linux/riscv64" in looked(shop)["web"].faults[0].detail


def test_a_record_that_is_damaged_is_no_record(renamed: Shop) -> None:
    """It says so, and what to do."""
    known = backup_set.read(str(renamed.home / "state"))
    assert {each["image"] for each in known.parts["images"]} == {renamed.image(FIRST)}
    damaged = known._replace(parts={"images": [{"unit": "web"}]})
    with pytest.raises(HostError, match="damaged") as caught:
        recorded_images.of(damaged)
    assert "rollback save" in caught.value.hint


def test_an_image_whose_program_is_gone_is_told(renamed: Shop) -> None:
    """It is started without network, ports and volumes; nothing of that stays."""
    engine = project.of(str(renamed.file)).engine
    image = host_images.of(engine, FIRST)
    assert image is not None

    assert host_images.unstartable(engine, image, str(PYTHON)) == ""
    assert "/nope" in host_images.unstartable(engine, image, "/nope")
    assert "rollback-trial" not in renamed.podman("ps", "--all")


def test_a_host_that_nobody_described_names_its_projects(renamed: Shop) -> None:
    """`rollback init` says which page describes them."""
    said = look.look(SurveyRequest(root=str(renamed.root))).unread

    assert [line for line in said if f"{renamed.file} runs: store, web" in line]
    assert not [
        line for line in look.look(SurveyRequest(root="/srv/x")).unread if "compose" in line
    ]
