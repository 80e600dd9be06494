"""Probes: one asked a few times, all of them measured, and the edge as users get it."""

from typing import NamedTuple, Optional, Tuple

from ...protocol import Route


class SecretHeader(NamedTuple):
    """A header whose value is a secret of the host: all of a file, or a variable in it.

    `before` is what stands before it, such as `Bearer `.
    """

    name: str
    file: str
    variable: str = ""
    before: str = ""


class TlsFiles(NamedTuple):
    """Files of the host in PEM: a certificate to show with its key, and whom to believe."""

    certificate: Optional[str] = None
    key: Optional[str] = None
    authority: Optional[str] = None


class ProbeSpec(NamedTuple):
    """One question to the running system, and the answer that counts as healthy.

    Exactly one of `url`, `tcp` (`host:port`, or the path of a unix socket) and `command` is set.
    `send` is the body of the request, or the standard input of the command. `status` is that of an
    answer over HTTP, 0 for any; `body` has to be found in an answer, `reject` must not: patterns.
    `limit` and `timeout` are seconds; `samples` is how many answers a measurement needs,
    `concurrency` how many users ask at a time at its end. What `secrets` and `tls` name is read on
    the host.
    """

    url: Optional[str] = None
    tcp: Optional[str] = None
    command: Optional[Tuple[str, ...]] = None
    method: str = "GET"
    headers: Tuple[Tuple[str, str], ...] = ()
    send: str = ""
    status: int = 200
    body: str = ""
    reject: str = ""
    limit: float = 0.1
    timeout: float = 5.0
    samples: int = 100
    concurrency: int = 1
    secrets: Tuple[SecretHeader, ...] = ()
    tls: Optional[TlsFiles] = None

    @property
    def kind(self) -> str:
        """How it is asked: url, tcp or command."""
        return "url" if self.url else "tcp" if self.tcp else "command"


class ProbeRequest(NamedTuple):
    """A probe, how many answers are wanted, and the seconds that all of them may take."""

    probe: ProbeSpec
    samples: int = 1
    deadline: float = 60.0


class ProbeResult(NamedTuple):
    """What a probe was answered.

    `samples_ms` are the times of the right answers in milliseconds, `failed` counts the others,
    and `problem` is what was wrong first. `status` and `body` are those of the last answer, the
    body cut. `overhead_ms` is what asking takes against a peer that does nothing, where there was
    more than one sample.
    """

    samples_ms: Tuple[float, ...]
    failed: int
    problem: Optional[str]
    status: Optional[int]
    body: str
    overhead_ms: Optional[float]

    @property
    def answered(self) -> int:
        """How many answers were right."""
        return len(self.samples_ms)

    @property
    def wrong(self) -> Optional[str]:
        """What is wrong with the answers, None when nothing is."""
        return self.problem or (None if self.samples_ms else "no answer")


ASK = Route("probes.ask", ProbeRequest, ProbeResult)
