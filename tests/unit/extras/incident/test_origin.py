"""Where a bundle comes from: by the operator's key, by what the host has, or not proven."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.state.seals import KeptSeals
from pytest_rollback.evidence import archive, changes, origin, seal, signing
from pytest_rollback.evidence.events import ItemTicked
from pytest_rollback.extras.incident import amend
from tests.unit.support.run_folder import call, left

ANN, BOB = "ann@example.org", "bob@example.org"


def key(place: Path, name: str, *more: str) -> Path:
    """Make a key of somebody."""
    path = place / name
    words = more or ("-N", "")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", *words, "-f", path], check=True)
    return path


@pytest.fixture
def signers(tmp_path: Path) -> Path:
    """A file of allowed signers that knows Ann's key; Ann signs in this test."""
    public = key(tmp_path, "ann").with_suffix(".pub").read_text()
    allowed = tmp_path / "allowed_signers"
    allowed.write_text(f"{ANN} {' '.join(public.split()[:2])}\n")
    return allowed


@pytest.fixture
def folder(tmp_path: Path, signers: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that Ann's key has sealed."""
    monkeypatch.setenv(signing.VARIABLE, str(signers.with_name("ann")))
    return left(tmp_path / "reports")


def said(folder: Path, signers: Path) -> tuple[int, str]:
    """Return what somebody is told who verifies it."""
    return call("report verify", str(folder), "--allowed-signers", str(signers))


def forged(folder: Path) -> None:
    """Turn the verdict, and seal all of it again without the seals that were there."""
    for name in ("report.json", "report.html", "timeline.jsonl"):
        path = folder / name
        path.write_text(path.read_text().replace("RECOVERED", "NOT RECOVERED"))
    (folder / seal.SEALS).unlink()
    seal.close(folder, "the run ended")


def test_a_signed_bundle_says_who_sealed_it(folder: Path, signers: Path) -> None:
    """By the name that allowed_signers has; without that file it is a key that nobody knows."""
    code, printed = said(folder, signers)
    assert (code, f"unchanged since it was sealed by {ANN} (ED25519 key SHA256:" in printed) == (
        0,
        True,
    ), printed
    code, printed = call(
        "report verify", str(archive.archive_of(folder)), "--allowed-signers", signers
    )
    assert (code, ANN in printed) == (0, True), printed

    nobody = signers.with_name("nobody")
    nobody.write_text("")
    code, printed = said(folder, nobody)
    assert (code, "signed by a key that" in printed) == (10, True), printed


def test_who_forges_a_bundle_has_not_the_key(
    folder: Path, signers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another key, with the old signature, without any: it is never UNCHANGED."""
    signature = (folder / signing.SIGNATURE).read_text()
    monkeypatch.setenv(signing.VARIABLE, str(key(tmp_path, "bob")))
    forged(folder)
    code, printed = said(folder, signers)
    assert (code, "signed by a key that" in printed) == (10, True), printed

    (folder / signing.SIGNATURE).write_text(signature)
    archive.archived(folder)
    code, printed = said(folder, signers)
    assert (code, "is no signature of these seals" in printed) == (1, True), printed

    monkeypatch.setenv(signing.VARIABLE, str(tmp_path / "no-such-key"))
    forged(folder)
    code, printed = said(folder, signers)
    assert (code, "its origin is not proven" in printed) == (10, True), printed
    assert not (folder / signing.SIGNATURE).exists()


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An ssh agent of this test."""
    place = tmp_path / "agent"
    started = subprocess.Popen(["ssh-agent", "-D", "-a", place], stdout=subprocess.DEVNULL)
    while not place.exists():
        assert started.poll() is None
    monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
    yield
    started.terminate()
    started.wait()


def test_the_agent_signs_where_no_key_is_named(
    agent: None,  # noqa: ARG001 - it runs
    signers: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first key that it holds; nobody is asked for a passphrase."""
    monkeypatch.delenv(signing.VARIABLE, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    ann = signers.with_name("ann")
    subprocess.run(["ssh-add", "-q", ann], check=True)
    ann.rename(tmp_path / "away")
    folder = left(tmp_path / "reports")

    assert said(folder, signers)[0] == 0
    locked = key(tmp_path, "locked", "-N", "a passphrase")
    assert signing.sign(folder / seal.SEALS, str(locked)) == ""


def test_git_tells_the_key_and_who_may_sign(
    signers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator who signs commits needs to say nothing."""
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[gpg]\n\tformat = ssh\n[gpg "ssh"]\n\tallowedSignersFile = {signers}\n'
        f"[user]\n\tsigningkey = {signers.with_name('ann')}\n"
    )
    monkeypatch.delenv(signing.VARIABLE, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    code, printed = call("report verify", str(left(tmp_path / "reports")))

    assert (code, f"sealed by {ANN}" in printed) == (0, True), printed


SINCE = "; what people added since is not proven by it: 1 seal"
A, B, C = ("a" * 64, "b" * 64, "c" * 64)


@pytest.mark.parametrize(
    ("log", "state", "proof", "fault"),
    [
        ((A,), (A,), f"as the host's log has it (the journal){SINCE}", ""),
        ((A, B), (A, B), "as the host's log has it (the journal)", ""),
        ((), (A,), f"as the host's state directory has it{SINCE}", ""),
        ((), (), "", ""),
        ((C, A), (), "", "begins with another seal than the journal of the host has"),
        ((A, C), (), "", "lacks a seal that the journal of the host has"),
        ((A,), (C,), "", "begins with another seal than the state directory of the host has"),
    ],
)
def test_the_first_seal_that_the_host_has_counts(
    log: tuple[str, ...], state: tuple[str, ...], proof: str, fault: str
) -> None:
    """One that was added later proves nothing, one that is gone from the bundle is told."""
    found = origin.by_host([A, B], KeptSeals(state, log, "the journal" if log else ""))

    assert found.proofs == ((proof,) if proof else ())
    assert len(found.faults) == bool(fault)
    assert fault in "".join(found.faults)
    assert bool(found.missing) == (not proof and not fault)


def test_a_tick_changes_the_checklist_alone(folder: Path, signers: Path) -> None:
    """Report and record of before stay; whoever changes more than the checklist is told."""
    before = (folder / "report.json").read_bytes()
    amend.amend(folder, ItemTicked("identify", by="ann"))
    amend.amend(folder, ItemTicked("estimate", by="ann"))
    assert (folder / "ended/report.json").read_bytes() == before
    assert said(folder, signers)[0] == 0

    record = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(json.dumps({**record, "verdict": "NOT RECOVERED"}))
    seal.close(folder, "a tick, as it seems")
    code, printed = said(folder, signers)
    assert (code, "report.json: differs in more than what people add" in printed) == (1, True), (
        printed
    )


@pytest.mark.parametrize("harm", ["page", "both", "gone"])
def test_what_was_kept_of_before_is_part_of_the_seals(folder: Path, harm: str) -> None:
    """Neither the page, nor what it is compared with, can be changed."""
    amend.amend(folder, ItemTicked("identify", by="ann"))
    page, ended = folder / "report.html", folder / "ended/report.html"
    if harm == "gone":
        shutil.rmtree(folder / "ended")
    else:
        for path in (page, ended) if harm == "both" else (page,):
            path.write_text(path.read_text().replace("RECOVERED", "recovered"))
    seal.close(folder, "a tick, as it seems")

    assert any(line.startswith(("report.", "ended/")) for line in changes.changed(folder))
    assert os.access(page, os.R_OK)
