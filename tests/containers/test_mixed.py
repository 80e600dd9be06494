"""A compose project of two parts: one service's image, and the files that another one mounts."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from tests.containers.engine import PYTHON, SERVE, Podman
from tests.containers.project import Shop
from tests.plugin.commanded import BUSY

ARM = "--arm=here"

COMPOSE = """name: shop
services:
  store:
    image: {image}
    ports: ["127.0.0.1:{store}:7000"]
  web:
    image: localhost/shop:1
    command: ["{python}", "/code/serve.py", "8000"]
    healthcheck: {{disable: true}}
    ports: ["127.0.0.1:{web}:8000"]
    volumes: ["./app:/code"]
"""


class MixedProject(Shop):
    """The project: `store` is an image, `web` runs what lies below `app`."""

    def __init__(self, podman: Podman, home: Path) -> None:
        super().__init__(podman, home)
        text = self.manifest.read_text().replace('[release]\nstrategy = "images"\n', "")
        text = text.replace('unit = "store"\n', 'unit = "store"\nstrategy = "images"\n')
        text = text.replace('unit = "web"\n', 'unit = "web"\nfiles = ["app/**"]\n')
        self.manifest.write_text(text + tomli_w.dumps({"waivers": BUSY}))

    def write(self, image: str) -> None:
        """Write the compose file, and the program of the same release."""
        self.file.write_text(COMPOSE.format(image=image, python=PYTHON, **self.ports))
        program = self.root / "app/serve.py"
        program.parent.mkdir(exist_ok=True)
        release = image.rpartition(":")[2]
        program.write_text(SERVE.replace('os.environ["RELEASE"]', f'"files {release}"'))

    def deploy(self, image: str) -> None:
        """Bring a release, and have `web` run its program."""
        super().deploy(image)
        self.compose("restart", "--timeout", "1", "web")

    def saved(self) -> None:
        """Save both parts of the release that is live."""
        words = ("--previous", "v1", "--current", "v2", "app/serve.py")
        code, text = self.rollback("save", *words)
        assert code == 0, text

    def lives(self) -> tuple[bool, str]:
        """Return whether `store` has the first image, and the release that `web` answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['web']}/", timeout=5) as answer:
            text = answer.read().decode()
        return self.running("store") == self.image("localhost/shop:1"), text.split('"')[-2]


@pytest.fixture
def project(podman: Podman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The project of two parts, which nobody has deployed yet."""
    monkeypatch.setenv("PATH", podman.path)
    found = MixedProject(podman, tmp_path)
    yield found
    found.end()


def test_image_and_files_come_back_are_undone_and_come_back_again(project: MixedProject) -> None:
    """By one rollback, with both parts named in what was saved."""
    project.release()
    assert project.lives() == (False, "files 2")
    seen = []
    for command in (("ready",), ("drill", ARM), ("undo", ARM), ("drill", ARM)):
        run = (project.record()["run"],) if command[0] == "undo" else ()
        code, text = project.rollback(*command, *run)
        assert code == 0, text
        seen.append(project.lives())

    first, second = (True, "files 1"), (False, "files 2")
    assert seen == [second, first, second, first]


def test_a_part_that_is_gone_is_named_and_nothing_is_begun(project: MixedProject) -> None:
    """Its name means another image; the files of the other part would come back, and do not."""
    project.release()
    before = project.started()
    project.podman("tag", "localhost/shop:2", "localhost/shop:1")
    code, text = project.rollback("drill", ARM)
    project.podman.build("localhost/shop:1", "1")

    told = " ".join(text.split())
    assert code == 1, text
    assert "images (store): the previous release v1 is not as recorded" in told
    assert (project.started(), project.lives()) == (before, (False, "files 2"))
