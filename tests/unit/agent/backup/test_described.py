"""Names and patterns of files in a description, of which some are those of no file."""

from __future__ import annotations

from pathlib import Path

from pytest_rollback.agent.backup import described
from pytest_rollback.agent.messages.backup.verify import DescribedName
from pytest_rollback.agent.messages.location import ComponentFiles, Selection


def test_what_nothing_matches_is_named(tmp_path: Path) -> None:
    """Files below the root count, and those of the set, which a deploy may have deleted."""
    for name in ("web/serve.py", "config/.env", ".git/old/x.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    selection = Selection(
        (
            ComponentFiles("web", ("web/**", "wep/**", "gone/*.py", "**/serve.py", "old/x.py")),
            ComponentFiles("till", ("**/x.py",)),
        ),
        configuration=("config", "config/shop.json", "units"),
        secrets=("config/.env", "config/env"),
    )

    found = list(described.unfound(str(tmp_path), selection, ["gone/a.py", "units/web.conf"]))

    assert found == [
        "wep/**, in files of component web",
        "old/x.py, in files of component web",
        "**/x.py, in files of component till",
        "config/shop.json, in files of [configuration]",
        "config/env, in secrets of [system]",
    ]


def test_every_other_name_is_looked_up_as_well(tmp_path: Path) -> None:
    """Each is told with its own key, also where the same name counts as configuration."""
    (tmp_path / "units").mkdir()
    selection = Selection((), configuration=("unitz", "units"))
    names = (
        DescribedName("source of [services]", "unitz"),
        DescribedName("defaults of [configuration]", "units"),
        DescribedName("directory of [services]", str(tmp_path / "units")),
        DescribedName("page of [maintenance]: its directory", "/nowhere/at/all"),
        DescribedName("user of [system]", "root", is_account=True),
        DescribedName("user of [system]", "no-such-account", is_account=True),
    )

    assert list(described.unfound(str(tmp_path), selection, (), names)) == [
        "unitz, in source of [services]",
        "/nowhere/at/all, in page of [maintenance]: its directory",
        "no-such-account, in user of [system]",
    ]
