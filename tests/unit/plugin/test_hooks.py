"""How a session of criteria takes signals."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from pytest_rollback.plugin import hooks


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    """Leave the process as it was."""
    before = {number: signal.getsignal(number) for number in hooks.ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_hangup_ends_like_ctrl_c() -> None:
    """Report and verdict are written, and the name of the signal is known."""
    for number in hooks.ENDING:
        signal.signal(number, signal.SIG_DFL)
    hooks.heed_signals()

    for number in hooks.ENDING:
        with pytest.raises(KeyboardInterrupt, match=signal.Signals(number).name):
            signal.raise_signal(number)


def test_what_nohup_ignores_stays_ignored() -> None:
    """Whoever started the drill with nohup closes the terminal and expects it to go on."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    hooks.heed_signals()

    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
