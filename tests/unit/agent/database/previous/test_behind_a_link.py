"""The previous release behind a link is the one that is started, and not the live one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.backup.strategies import links
from pytest_rollback.agent.database.previous.previous import try_previous
from pytest_rollback.agent.messages.backup.strategies import LinksRequest
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.state.releases import linked
from tests.unit.agent.database.previous.conftest import CURRENT, PREVIOUS, PYTHON, Corner
from tests.unit.support.deployed import saving
from tests.unit.support.requests import located

if TYPE_CHECKING:
    from pathlib import Path


def deploy(corner: Corner, previous: str, current: str) -> None:
    """Record a release, and lead the link to the next one."""
    shutil.rmtree(corner.root / "data")
    for path in corner.root.glob("app.py*"):
        path.unlink()
    for name, text in (("1.4.0", previous), ("1.5.0", current)):
        place = corner.root / "releases" / name
        place.mkdir(parents=True)
        (place / "app.py").write_text(text)
    link, state = corner.root / "current", corner.state
    link.symlink_to("releases/1.4.0")
    (state / "backups.json").unlink()
    part = links.record(LinksRequest(located(corner.root, state), ("current",), current="1.5.0"))
    request = saving(corner.root, state, ["current"], replace=True)
    names = {"previous": Release("1.4.0", None), "current": Release("1.5.0", None)}
    save.save(request._replace(**names, parts={linked.PART: part.text}))
    link.unlink()
    link.symlink_to("releases/1.5.0")
    words = f"[Service]\nExecStart={PYTHON} app.py\nWorkingDirectory={link}\n"
    (corner.units / "shop.service").write_text(words)


def test_it_is_the_one_that_was_recorded(corner: Corner, scratch: Path) -> None:
    """On a schema that only the live one knows it fails, and the live one does not."""
    deploy(corner, corner.release(PREVIOUS, "1.4.0"), corner.release(CURRENT, "1.5.0"))
    corner.base.sql("ALTER TABLE orders RENAME words TO title")
    found = try_previous(corner.request(scratch))

    assert 'column "words"' in found.runs[0].problem + " ".join(found.runs[0].last)
    assert [each.problem for each in found.control] == [""]
    assert (corner.root / "current").readlink().name == "1.5.0"


def test_it_runs_where_it_knows_the_schema(corner: Corner, scratch: Path) -> None:
    """The live one would not: what answers is the previous one."""
    current = corner.release(CURRENT.replace("orders", "later"), "1.5.0")
    deploy(corner, corner.release(PREVIOUS, "1.4.0"), current)
    found = try_previous(corner.request(scratch))

    assert [(each.problem, each.asked) for each in found.runs] == [("", ("health", "order"))]
