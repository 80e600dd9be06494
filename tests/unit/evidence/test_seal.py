"""A run's folder as evidence: whatever is changed in it afterwards is found."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w

from pytest_rollback.cli.verify import verified
from pytest_rollback.errors import UsageError
from pytest_rollback.evidence import archive, changes, seal, signing, signoffs
from pytest_rollback.evidence.events import CriterionEnded, ItemTicked, RunFinished
from pytest_rollback.report.rebuild import manifest_of
from tests.unit.support.run_folder import call, left, story, written

SHIPPED = Path(__file__).parents[3] / "rollback.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run that is over."""
    return left(tmp_path)


def edited(path: Path, old: str, new: str) -> None:
    """Change one word in a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def resealed(folder: Path) -> None:
    """Do what somebody does who knows how: change the timeline, and write new checksums."""
    edited(folder / "timeline.jsonl", "RECOVERED", "NOT RECOVERED")
    seal.close(folder, "nothing to see here")


def forged(folder: Path) -> None:
    """Do it thoroughly: without any seal that was there before."""
    (folder / seal.SEALS).unlink()
    resealed(folder)


JOURNAL = "host/journals/changes"
Harm = Callable[[Path], object]
HARMS: dict[str, Harm] = {
    "a word of the report": lambda at: edited(at / "report.html", "RECOVERED", "recovered"),
    "a number of the record": lambda at: edited(at / "report.json", "16.0", "15.0"),
    "an event": lambda at: edited(at / "timeline.jsonl", "stop web", "stop  it"),
    "an event more": lambda at: signoffs.note(at, ItemTicked("nothing")),
    "a file less": lambda at: (at / "report.html").unlink(),
    "a file more": lambda at: (at / "host/extra").write_text(""),
    "a link": lambda at: (at / "link").symlink_to("/etc/passwd"),
    "a fifo": lambda at: os.mkfifo(at / "fifo"),
    "an entry of the journal": lambda at: edited(at / JOURNAL, '"seq": 1', '"seq": 9'),
    "a checksum": lambda at: edited(at / seal.SUMS, "report.html", "report.htm"),
    "a seal": lambda at: edited(at / seal.SEALS, "the run ended", "the run failed"),
    "checksums and seals as well": resealed,
}


def test_nothing_changed(folder: Path) -> None:
    """The folder, its archive, and the hash that was printed."""
    head = seal.seals(folder)[0].hash

    assert [*changes.changed(folder, head)] == []
    code, printed = call("report verify", str(folder), "--head", head[:16])
    assert (code, f"UNCHANGED: {folder}" in printed) == (0, True)


@pytest.mark.parametrize("name", HARMS)
def test_every_change_is_found(folder: Path, name: str) -> None:
    """Each is listed, whatever it is."""
    HARMS[name](folder)

    assert [*changes.changed(folder)] != []
    code, printed = call("report verify", str(folder))
    assert (code, "CHANGED: " in printed) == (1, True), printed


def summed(folder: Path) -> None:
    """Write new checksums and a new archive, as who has no key can: the seals stay."""
    beside = {seal.SUMS, signing.SIGNATURE}
    names = [name for name in archive.files(folder) if name not in beside]
    sums = sorted((seal.digest(folder / name), name) for name in names)
    text = "".join(f"{sha}  {name}\n" for sha, name in sums)
    (folder / seal.SUMS).write_text(text)
    archive.archived(folder)


@pytest.mark.parametrize("name", sorted({*HARMS} - {"checksums and seals as well"}))
def test_checksums_made_again_hide_no_change(folder: Path, name: str) -> None:
    """They are for sha256sum; what is signed, and kept by the host, are the seals."""
    HARMS[name](folder)
    if name == "a checksum":
        archive.archived(folder)
    else:
        summed(folder)

    assert verified(folder, None) != []


def test_names_in_a_bundle_stay_on_their_line(folder: Path) -> None:
    """They are its maker's: no line of ours, no hint, and nothing for the terminal."""
    forged = "x\nUNCHANGED: all\nHINT: paste\x1b]0;me\x07\x9b31m\u202e"
    (folder / forged).write_text("")
    code, printed = call("report verify", str(folder))

    assert code == 1
    assert [each for each in printed.split("\n") if each.startswith(("UNCHANGED", "HINT: p"))] == []
    assert [each for each in printed if not each.isprintable() and each != "\n"] == []


def test_it_is_said_which_run_a_bundle_is(folder: Path, tmp_path: Path) -> None:
    """Under whatever name it comes: what the timeline says is sealed."""
    other = tmp_path / "20270101-000000-beef.tar.gz"
    shutil.copy(archive.archive_of(folder), other)
    head = seal.seals(folder)[0].hash

    assert (
        "it says that it is run r1 on corner"
        in call("report verify", str(other), "--head", head)[1]
    )


LATER: dict[str, Harm] = {
    "a file": lambda at: (at / "host/more").write_text(""),
    "a file kept of before": lambda at: written(at / "ended", []),
    "a file less": lambda at: (at / "report.html").unlink(),
    "a record less": lambda at: (at / "report.json").unlink(),
    "a verdict": lambda at: signoffs.note(at, RunFinished("RECOVERED")),
    "a criterion": lambda at: signoffs.note(at, CriterionEnded(id="a.b", outcome="met")),
    "a line": lambda at: (at / "timeline.jsonl").open("a").write("it went well\n"),
}


@pytest.mark.parametrize("name", LATER)
def test_a_later_seal_adds_what_people_add_and_nothing_else(folder: Path, name: str) -> None:
    """Everybody can seal a bundle once more: the first seal, which the host has, stays."""
    LATER[name](folder)
    seal.close(folder, "ticked: ann")

    assert [*changes.changed(folder)] != []


def test_a_whole_forgery_is_found_by_the_hash_that_was_printed(folder: Path) -> None:
    """Who rewrites everything cannot rewrite the terminal, the message and the host."""
    head = seal.seals(folder)[0].hash
    forged(folder)

    assert [*changes.changed(folder)] == []
    code, printed = call("report verify", str(folder))
    assert (code, "its origin is not proven" in printed) == (10, True), printed
    assert [*changes.changed(folder, head)] == [f"{seal.SEALS}: no seal has the hash {head}"]
    assert call("report verify", str(folder), "--head", head)[0] == 1


def test_the_archive_is_private_and_the_same_each_time(folder: Path, tmp_path: Path) -> None:
    """The same content gives the same bytes; the archive alone can be verified elsewhere."""
    packed = archive.archive_of(folder)
    first = packed.read_bytes()
    archive.archived(folder)

    assert packed.read_bytes() == first
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600
    with tarfile.open(packed) as held:
        assert {member.mode for member in held} == {0o600}
    elsewhere = tmp_path / "elsewhere.tar.gz"
    shutil.copy(packed, elsewhere)
    head = seal.seals(folder)[0].hash
    assert call("report verify", str(elsewhere), "--head", head)[0] == 0


def test_an_archive_that_differs_from_the_folder_is_found(folder: Path, tmp_path: Path) -> None:
    """Both are sound, and they are not the same run."""
    other = left(tmp_path / "other", folder.name, incident="INC-2")
    shutil.copy(archive.archive_of(other), seal.archive_of(folder))
    code, printed = call("report verify", str(folder))

    assert (code, "differs from the folder" in printed) == (1, True), printed


def test_an_archive_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    """It came from somebody: nothing is written outside a place of its own."""
    target = tmp_path / "evil.tar.gz"
    with tarfile.open(target, "w:gz") as packed:
        packed.addfile(tarfile.TarInfo("../../evil"))
    code, printed = call("report verify", str(target))

    assert (code, "HINT: " in printed, "Traceback" in printed) == (4, True, False), printed


@pytest.mark.parametrize(
    "words",
    [["no-such-run"], ["--head", "xyz"], ["--head", ""], ["--nonsense"], ["a", "b"]],
)
def test_bad_input_gives_one_line_and_a_hint(folder: Path, words: list[str]) -> None:
    """Exit code 4, never a traceback."""
    code, printed = call("report verify", "--reports", str(folder.parent), *words)

    assert (code, "HINT: " in printed, "Traceback" in printed) == (4, True, False), printed


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"hash": 1}', '{"hash": "a", "files": 7}'])
def test_damaged_seals_are_said(folder: Path, damage: str) -> None:
    """Whatever is in that file."""
    (folder / seal.SEALS).write_text(damage + "\n")
    code, printed = call("report verify", str(folder))

    assert code in {1, 4}
    assert ("HINT: " in printed, "Traceback" in printed) == (True, False), printed


def test_a_run_that_was_killed_says_how_it_is_made_whole(tmp_path: Path) -> None:
    """It has a timeline and no seal."""
    folder = written(tmp_path / "20261124-120000-dead", story())
    code, printed = call("report verify", str(folder))

    assert (code, "rollback report rebuild " in printed) == (4, True)


def test_a_run_that_is_over_is_not_rebuilt(folder: Path) -> None:
    """Its report is its own."""
    before = json.loads((folder / "report.json").read_text())
    code, printed = call("report rebuild", str(folder))

    assert (code, "is complete" in printed) == (1, True), printed
    assert json.loads((folder / "report.json").read_text()) == before


@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_a_bundle_does_not_choose_what_is_asked(tmp_path: Path, command: str) -> None:
    """Neither the host that its seals are compared with, nor the program that asks there."""
    ran = tmp_path / "ran"
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    document = tomllib.loads(SHIPPED.read_text())
    document["target"] = {"name": "forged", "connection": "local://", "python": str(program)}
    theirs = tmp_path / "rollback.toml"
    theirs.write_text(tomli_w.dumps(document))
    began = story(manifest=str(theirs), target="forged")
    whole = left(tmp_path / "reports", events=began)
    more = () if command == "rebuild" else ("--host",)
    folder = written(tmp_path / "killed", began) if command == "rebuild" else whole
    code, printed = call(f"report {command}", str(folder), *more)

    assert not ran.exists()
    assert (code, "HINT: add --rollback-target=PATH" in printed) == (4, True), printed
    assert str(theirs) not in printed


def test_a_description_inside_of_a_bundle_is_not_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stands in an unpacked bundle stands where its maker put a rollback.toml."""
    folder = written(tmp_path / "run", story(manifest=str(tmp_path / "run/rollback.toml")))
    (folder / "rollback.toml").write_text(SHIPPED.read_text())
    monkeypatch.chdir(folder)

    with pytest.raises(UsageError, match="has to be said"):
        manifest_of(folder, None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="has to be said"):
        manifest_of(folder, None)


def test_the_usual_description_is_taken_where_the_run_was_made_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the folder where one stands; another one that is named has precedence."""
    mine = tmp_path / "rollback.toml"
    mine.write_text(SHIPPED.read_text())
    folder = written(tmp_path / "run", story(manifest=str(mine)))
    monkeypatch.chdir(tmp_path)

    assert manifest_of(folder, None).samefile(mine)
    assert manifest_of(folder, "/another.toml") == Path("/another.toml")
