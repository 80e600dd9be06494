"""A link is read as one thing, also when somebody exchanges it meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.configuration import formats
from pytest_rollback.agent.files import copy, links, state
from pytest_rollback.agent.files.handles import DIRECTORY, Irregular
from pytest_rollback.agent.files.metadata import LINK, FileEntry
from pytest_rollback.agent.state.releases.copies import Copies


@pytest.fixture
def place(tmp_path: Path) -> Iterator[int]:
    """A directory with a link that leads nowhere, and a file, open."""
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").write_text("bytes")
    opened = os.open(tmp_path, DIRECTORY)
    yield opened
    os.close(opened)


def test_a_link_is_the_name_that_it_leads_to(place: int) -> None:
    """Nothing else is one."""
    assert links.read(place, "link").target == b"nowhere"
    with pytest.raises(Irregular, match="'file' is a file"):
        links.read(place, "file")
    with pytest.raises(FileNotFoundError):
        links.read(place, "nowhere")


def test_a_copy_of_a_link_has_its_time(place: int) -> None:
    """And replaces nothing."""
    os.utime("link", ns=(10**18, 10**18 + 7), dir_fd=place, follow_symlinks=False)
    links.copy((place, "link"), (place, "copy"))
    found = state.look(place, "copy")

    assert (found.kind, found.size, found.mtime_ns) == ("symlink", 7, 10**18 + 7)
    assert found.sha256 == state.look(place, "link", 7).sha256 != ""
    assert state.look(place, "link", 3).sha256 == ""
    with pytest.raises(FileExistsError):
        links.copy((place, "link"), (place, "file"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Irregular("fifo", "link"), "fifo"),
        (FileNotFoundError(2, "gone"), "absent"),
        (OSError(5, "Input/output error"), "error"),
    ],
)
def test_what_takes_the_place_of_a_link_meanwhile_is_told(
    place: int, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str
) -> None:
    """As what it is then."""

    def read(*_: object) -> links.Link:
        raise error

    monkeypatch.setattr(links, "read", read)

    assert state.look(place, "link").kind == kind


def test_a_link_that_changes_while_it_is_saved_is_not_saved(
    place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The set is not made, and nothing is left of it."""
    made = links.copy

    def changing(*ends: Any) -> None:  # noqa: ANN401 - whatever is handed over
        made(*ends)
        (tmp_path / "link").unlink()
        (tmp_path / "link").symlink_to("elsewhere")

    monkeypatch.setattr(links, "copy", changing)
    found = copy.stage(str(tmp_path), ["link"])

    assert found.problems == ["link: cannot be saved: it changed while it was copied"]
    assert sorted(os.listdir(place)) == ["file", "link"]


def test_what_a_recorded_link_leads_to_is_read_where_it_will_come_from(tmp_path: Path) -> None:
    """Its backup, or that of the next link, of a recorded file; else as the link says."""
    root = str(tmp_path)
    kept = {"conf/env": "../env.v1", "env.v1": "env.v0", "out": "/etc/app.env", "loop": "loop"}
    entries = {
        path: FileEntry(path, "", 0, 0o777, 0, 0, 0, {}, 0, LINK)
        for path in (*kept, "lost", "conf/live")
    }
    entries["env.v0"] = FileEntry("env.v0", "", 0, 0, 0, 0, 0, {})
    (tmp_path / "conf").mkdir()
    for path, to in {**kept, "conf/live": "plain"}.items():
        (tmp_path / f"{path}.old").symlink_to(to)

    def read(name: str) -> str:
        return os.path.relpath(formats.restored(root, Copies(root, ".old"), entries, name), root)

    assert [read(name) for name in ("conf/env", "env.v0", "conf/other")] == [
        "env.v0.old",
        "env.v0.old",
        "conf/other",
    ]
    assert [read(name) for name in ("out", "loop", "lost", "conf/live")] == [
        "out.old",
        "loop.old",
        "lost.old",
        "conf/plain",
    ]
