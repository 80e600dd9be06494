"""How people are reached: by real servers that are slow, fail, redirect, hang up or never end."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_rollback.errors import Refused
from pytest_rollback.extras.incident import channels, webhooks
from pytest_rollback.extras.incident.channels import AppriseChannel, MessageChannel
from pytest_rollback.extras.incident.credentials import pieces, read
from pytest_rollback.extras.incident.delivery import deliver
from pytest_rollback.extras.incident.messages import Message, MessageFacts
from pytest_rollback.extras.incident.webhooks import (
    Failed,
    PagerChannel,
    StatusPage,
    WebhookChannel,
)
from pytest_rollback.manifest.contacts import Channel, Pager, Secret, Status, hook
from tests.unit.support.mailbox import GOES_ON, inbox, mailbox

TOKEN = "t0ken-&<\"'%-value"  # noqa: S105 - nobody's
FACTS = MessageFacts("shop", "corner", "r1")
MESSAGE = Message("failure", "r1-failure", "NOT RECOVERED", "two\nlines", FACTS)
QUICK = (0.0, 0.0, 0.0)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody has a token, and patience enough for a busy host."""
    monkeypatch.setenv("PAGER_TOKEN", TOKEN)
    for name in ("CONNECT", "READ", "WHOLE"):
        monkeypatch.setattr(webhooks, name, 60.0)
    monkeypatch.setattr(channels, "WHOLE", 60.0)


def pager(url: str) -> MessageChannel:
    """Return the pager at an address."""
    return PagerChannel(Pager(url=url, variable="PAGER_TOKEN"))


def test_a_message_arrives_with_token_and_key() -> None:
    """As the procedure pages, and more than that."""
    with inbox(202) as box:
        told = deliver(pager(box.url), MESSAGE)
        (got,) = box.requests

    assert (told.outcome, told.tries) == ("accepted", 1)
    assert got["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert got["headers"]["Idempotency-Key"] == "r1-failure"
    assert got["body"]["message"] == "NOT RECOVERED"
    assert got["body"]["severity"] == "critical"
    assert TOKEN not in str(got["body"])


def test_a_server_in_trouble_is_asked_again_under_one_key() -> None:
    """Twice it cannot, then it can: one message, however often it was sent."""
    with inbox(500, 503, 202) as box:
        told = deliver(pager(box.url), MESSAGE, QUICK)

    assert (told.outcome, told.tries) == ("accepted", 3)
    assert {each["headers"]["Idempotency-Key"] for each in box.requests} == {"r1-failure"}


@pytest.mark.parametrize(
    ("answer", "tries", "why"),
    [
        (500, 4, "HTTP status 500"),
        (401, 1, "HTTP status 401"),
        (404, 1, "HTTP status 404"),
        (429, 4, "HTTP status 429"),
        ("drop", 4, "no answer"),
    ],
)
def test_what_is_not_accepted_says_why(answer: int | str, tries: int, why: str) -> None:
    """Another try where it may help, and none where it cannot."""
    with inbox(answer) as box:
        told = deliver(pager(box.url), MESSAGE, QUICK)

    assert (told.outcome, told.tries, len(box.requests)) == ("failed", tries, tries)
    assert why in told.why


@pytest.mark.parametrize("answer", ["slow", "drip"])
def test_a_server_that_never_answers_costs_a_second(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be silent, or say a letter now and then: the whole try has its deadline."""
    monkeypatch.setattr(webhooks, "READ", 0.5)
    monkeypatch.setattr(webhooks, "WHOLE", 1.0)
    with inbox(answer) as box:
        begin = time.monotonic()
        told = deliver(pager(box.url), MESSAGE, ())

    assert told.outcome == "failed"
    assert time.monotonic() - begin < GOES_ON


def test_a_huge_answer_is_not_read() -> None:
    """It was accepted; what else it says does not matter."""
    with inbox("huge") as box:
        assert deliver(pager(box.url), MESSAGE, ()).outcome == "accepted"

    assert box.answered == 0


def test_nobody_listens() -> None:
    """A refused connection is tried again, then told."""
    with inbox() as box:
        url = box.url

    assert deliver(pager(url), MESSAGE, QUICK).tries == 4


def test_a_redirect_is_not_followed_and_the_token_stays() -> None:
    """The other origin never hears of it."""
    with inbox(202) as other, inbox(other.url.replace("127.0.0.1", "localhost")) as box:
        told = deliver(pager(box.url), MESSAGE, QUICK)

    assert (told.outcome, told.tries) == ("failed", 1)
    assert "redirect" in told.why
    assert other.requests == []


def test_a_proxy_does_not_get_what_is_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names one is not asked on the way to loopback."""
    with inbox(202) as proxy, inbox(202) as box:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert deliver(pager(box.url), MESSAGE, ()).outcome == "accepted"

    assert proxy.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://pager.example.org/x",
        "file:///etc/passwd",
        "ftp://pager.example.org/x",
        "https://ann:pw@pager.example.org/",
        "https://tok@pager.example.org/",
        "https:///x",
        "https://",
        "pager.example.org",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/x",
        "http://127.evil.example.org/x",
        "http://localhost.evil.example.org/",
        "https://a b/",
        "https://a/\r\nX: y",
        "https://a:99999/",
        "https://[::1",
    ],
)
def test_an_address_that_would_give_the_token_away_is_refused(url: str) -> None:
    """In the manifest already, before anything is done."""
    with pytest.raises(ValidationError):
        Pager(url=url, variable="T")


@pytest.mark.parametrize(
    "url", ["https://pager.example.org/x?y=1", "http://127.0.0.1:1/", "http://[::1]:1/"]
)
def test_an_address_that_is_safe_is_taken(url: str) -> None:
    """Https anywhere, http on this machine."""
    assert hook(url) == url


def test_a_secret_has_exactly_one_place() -> None:
    """Neither both nor none."""
    for places in ({}, {"variable": "A", "file": "/a"}):
        with pytest.raises(ValidationError):
            Secret(**places)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, "", "  \n", "two\nlines", "a\0b"[:1] + "\x07", "süß"])
def test_a_secret_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """Missing, empty, or not one line of plain letters."""
    monkeypatch.delenv("PAGER_TOKEN")
    if value is not None:
        monkeypatch.setenv("PAGER_TOKEN", value)

    with pytest.raises(Refused) as caught:
        read(Secret(variable="PAGER_TOKEN"))
    assert "PAGER_TOKEN" in caught.value.hint


def test_a_secret_file_is_private(tmp_path: Path) -> None:
    """Mode, kind and presence; its last line end is not part of it."""
    path = tmp_path / "token"
    secret = Secret(file=str(path))
    with pytest.raises(Refused, match="No such file"):
        read(secret)
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o640)
    with pytest.raises(Refused, match="can be read by others"):
        read(secret)
    path.chmod(0o600)
    assert read(secret) == TOKEN
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(Refused):
        read(Secret(file=str(link)))


def test_the_status_page_says_its_texts_and_nothing_else() -> None:
    """Users read it; what has no text is not said, and no test is."""
    with inbox() as box:
        about = Status(url=box.url, method="PUT", variable="PAGER_TOKEN")
        page = StatusPage(about)
        assert [page.wants(a) for a in ("start", "recovery", "failure", "call", "test")] == [
            *(True, True),
            *(False, False, False),
        ]
        deliver(page, Message("recovery", "k", "secret title", "secret text", FACTS))
        (got,) = box.requests

    assert got["body"] == {"status": "recovery", "message": "System restored", "key": "k"}


def test_a_mail_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through apprise and a real mail server."""
    with mailbox() as (address, mails):
        monkeypatch.setenv("TEAM", address)
        told = deliver(AppriseChannel(Channel(name="team", variable="TEAM")), MESSAGE, ())

    assert told.outcome == "accepted"
    assert "Subject: NOT RECOVERED" in mails[0]


def test_a_channel_of_apprise_follows_no_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where its address asks for it."""
    with inbox(202) as other, inbox(other.url.replace("127.0.0.1", "localhost")) as box:
        monkeypatch.setenv("TEAM", box.url.replace("http", "json") + "?redirect=yes")
        told = deliver(AppriseChannel(Channel(name="team", variable="TEAM")), MESSAGE, ())

    assert told.outcome == "failed"
    assert (len(box.requests), other.requests) == (1, [])


@pytest.mark.parametrize(
    "address",
    ["json://chat.example.org/x", "mailto://ann:pw@mail.example.org", "nonsense", "no://such"],
)
def test_an_address_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Unknown, or in the clear to another machine; the address itself is not told."""
    monkeypatch.setenv("TEAM", address)
    with pytest.raises(Refused) as caught:
        AppriseChannel(Channel(name="team", variable="TEAM")).check()

    assert address not in str(caught.value)


def test_apprise_is_not_needed_until_it_is(tmp_path: Path) -> None:
    """Without it the pager works, and its channels say what to install."""
    (tmp_path / "apprise.py").write_text("raise ModuleNotFoundError('apprise')\n")
    code = (
        "from pytest_rollback.extras.incident.channels import AppriseChannel\n"
        "from pytest_rollback.extras.incident.webhooks import PagerChannel\n"
        "from pytest_rollback.manifest.contacts import *\n"
        "PagerChannel(Pager(url='https://a.example.org', variable='PATH')).check()\n"
        "try: AppriseChannel(Channel(name='team', variable='PATH')).check()\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin"},
    )

    assert "HINT: pip install 'pytest-rollback[notify]'" in done.stdout


def test_all_that_is_secret_in_an_address_is_known() -> None:
    """The redactor is told of tokens and passwords, and of no word."""
    found = set(
        pieces("jsons://ann:p%26w@chat.example.org/incidents/T0KEN-abc?to=team&k=abcd1234x")
    )

    assert {"p%26w", "p&w", "T0KEN-abc", "abcd1234x"} == found


def test_what_a_channel_raises_is_a_failure() -> None:
    """Whatever it is, the run goes on."""

    class Odd(WebhookChannel):
        def send(self, message: Message) -> None:
            raise ZeroDivisionError(message.key)

    told = deliver(Odd("odd", Pager(url="https://a.example.org", variable="T")), MESSAGE)
    assert told.why == "ZeroDivisionError"


def test_what_hangs_is_left_behind() -> None:
    """A deadline over everything, name lookups included."""
    begin = time.monotonic()
    with pytest.raises(Failed):
        webhooks.within(0.2, lambda: time.sleep(20))

    assert time.monotonic() - begin < 20


def test_no_command_line_shows_the_token() -> None:
    """Nothing is started to send a message: there is no argv that could hold it."""
    source = "".join(Path(each.__file__).read_text() for each in (channels, webhooks))
    used: Any = {"subprocess", "os.system", "popen"}

    assert not any(each in source for each in used)
