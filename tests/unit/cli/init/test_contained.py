"""Units of systemd that run containers: which of their files a release has, and what is asked."""

from __future__ import annotations

from typing import Any

from pytest_rollback.agent.messages.services.survey import SurveyedUnit, SwitchedLink, UnitContainer
from pytest_rollback.cli.init import contained
from pytest_rollback.cli.init.candidates import candidates
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.document import decoded
from pytest_rollback.manifest.load import parse
from tests.unit.cli.init.hosts import survey, unit
from tests.unit.cli.init.test_description import written

WEB = "registry.example.org/web@sha256:6f1d"
KEPT = (("/srv/shop/units", "web.service"), ("/srv/shop", "worker.container"))


def by_hand(name: str = "web", **more: Any) -> SurveyedUnit:  # noqa: ANN401 - any field
    """Return a unit whose command is podman run, and whose file is a copy of the release's."""
    file = f"/etc/systemd/system/{name}.service"
    about = {"reference": WEB, "files": (file,), **more}
    one = unit(name, "/srv/shop", files=(file,), ports=(8000,), runs=WEB, log=("journal",))
    return one._replace(container=UnitContainer("podman", file, **about))


def quadlet(name: str = "worker", **more: Any) -> SurveyedUnit:  # noqa: ANN401 - any field
    """Return a unit of a quadlet, which is a link to a file of the release."""
    file = f"/srv/shop/{name}.container"
    about = {"reference": WEB, "files": (file,), **more}
    one = unit(name, "/srv/shop", files=(f"/etc/containers/systemd/{name}.container",), runs=WEB)
    return one._replace(log=("journal",), container=UnitContainer("podman", file, **about))


def test_units_that_run_containers_are_their_images() -> None:
    """With the files that name them, as the release has them, each of them of its component."""
    text = written(by_hand(), quadlet(), kept=KEPT)

    assert 'strategy = "images"  # units run containers: worker of quadlets; web by podman run' in (
        text
    )
    assert 'images = ["units/web.service", "worker.container"]' in text
    assert 'source = "units"' in text
    assert 'files = ["units/web.service"]' in text
    assert 'files = ["worker.container"]' in text
    assert "listens = []  # it publishes no port" in text
    system = parse(decoded(text.encode(), "a test"), "a test")
    assert (system.services.manager, system.services.source) == ("systemd", "units")
    release = text.partition("[release]")[2].partition("[[components]]")[0]
    assert "# ?" not in release


def test_quadlets_alone_have_no_source() -> None:
    """What lies below the root is installed by nobody: systemd reads it where it is."""
    text = written(quadlet(), kept=KEPT)
    assert "source =" not in text
    assert 'images = ["worker.container"]' in text


def test_a_tag_is_told_with_the_digest() -> None:
    """In the file that has to be edited."""
    text = written(by_hand(reference="web:1", pinned="web@sha256:6f1d"), kept=KEPT)
    assert "# ? web: web:1 in units/web.service is a tag, which can move: write web@sha" in text


def test_what_names_an_image_outside_of_the_root_is_told() -> None:
    """A rollback would bring back a file that does not say which image runs."""
    text = written(by_hand(files=("/etc/shop.env",)), kept=KEPT)
    assert f"# ? web runs {WEB}, named by /etc/shop.env: a rollback brings back" in text
    assert 'images = ["units/web.service"]  # those of the units: none names an image' in text


def test_why_an_image_would_not_come_back_is_told() -> None:
    """As the host said it."""
    text = written(by_hand(why="its podman runs as ann"), kept=KEPT)
    assert "# ? web: its podman runs as ann" in text


def test_a_health_command_that_waits_is_waited_for() -> None:
    """A unit is up once its container is healthy, which its engine may ask for late."""
    assert 'start = "65s"' in written(by_hand()._replace(health_after=35.0), kept=KEPT)
    assert "start =" not in written(by_hand(), kept=KEPT)


def test_a_unit_without_containers_is_another_part() -> None:
    """Images bring nothing of it back: it has the usual strategy, and they have their own."""
    text = written(unit("cron", "/srv/shop/cron"), by_hand(), quadlet(), kept=KEPT)
    system = parse(decoded(text.encode(), "a test"), "a test")

    assert [each.words for each in parts.of(system)] == ["backups (cron)", "images (web, worker)"]
    assert 'strategy = "images"  # it runs a container: worker of quadlets' in text
    assert 'strategy = "images"  # it runs a container: web by podman run' in text
    assert system.release.images == ("units/web.service", "worker.container")
    assert "left out" not in text


def test_a_unit_behind_a_link_is_another_part() -> None:
    """Whichever comes first; the deploy records both under one name."""
    link = SwitchedLink("/srv/shop/current", "/srv/shop/releases/2", 3, "its command line")
    plain = unit("api", "/srv/shop/current")._replace(links=(link,))
    text = written(by_hand(), plain, kept=KEPT)
    system = parse(decoded(text.encode(), "a test"), "a test")

    assert [each.words for each in parts.of(system)] == ["links (api)", "images (web)"]
    assert system.release.links == ("current",)


def test_a_unit_whose_only_file_systemd_reads_has_no_release() -> None:
    """It is told with the commands that make one."""
    host = survey(by_hand()._replace(places=()), quadlet())
    assert [each.units[0].name for each in candidates(host)] == ["worker"]
    (line,) = contained.homeless(host).values()
    assert line.startswith("web runs a container by /etc/systemd/system/web.service, which is in")
    made = "install -D -m 644 /etc/systemd/system/web.service /srv/web/units/web.service"
    assert contained.way(host, lambda root: f"init --root {root}").endswith(
        f"{made} && init --root /srv/web"
    )
