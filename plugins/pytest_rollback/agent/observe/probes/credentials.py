"""What a probe shows to be let in: headers with secrets, and certificates; read on the host.

It travels only where a probe has some. A value is taken out of what the peer answers.
"""

from __future__ import annotations

import os
import ssl
from typing import Dict, Optional

from ...configuration import env_file
from ...files import reach
from ...messages.probes.sample import SecretHeader, TlsFiles

HIDDEN = "(secret)"
"""What stands in the place of a secret that a peer has sent back."""


def headers(named: tuple[SecretHeader, ...]) -> Dict[str, str]:
    """Return headers with their values.

    Raises:
        ValueError: a file cannot be read, or has no such variable; it names file and header.
    """
    return {each.name: f"{each.before}{_value(each)}" for each in named}


def _value(one: SecretHeader) -> str:
    text = _text(one.file, f"the header {one.name}")
    if not one.variable:
        return text.strip()
    found = {each.key: each.value for each in env_file.entries(text) if each.key}
    if not found.get(one.variable):
        raise ValueError(f"the header {one.name}: {one.file} has no {one.variable}")
    return found[one.variable]


def _text(path: str, what: str) -> str:
    try:
        return reach.text(path)
    except OSError as error:
        raise ValueError(f"{what}: {path}: {error.strerror or error}") from error


def context(files: TlsFiles) -> ssl.SSLContext:
    """Return how TLS is spoken: with the certificates of these files.

    Raises:
        ValueError: one of them cannot be read, or is none; it names the file.
    """
    authority = _text(files.authority, "authority") if files.authority else None
    try:
        made = ssl.create_default_context(cadata=authority)
    except ssl.SSLError as error:
        raise ValueError(f"authority: {files.authority} holds no certificate") from error
    if files.certificate:
        _shown(made, files.certificate, files.key)
    return made


def _shown(made: ssl.SSLContext, certificate: str, key: Optional[str]) -> None:
    """Have a certificate shown; both files are opened by us, and not by their names."""
    opened = []
    try:
        opened += [reach.opened(path)[0] for path in (certificate, key) if path]
        made.load_cert_chain(*(f"/proc/self/fd/{each}" for each in opened))
    except OSError as error:
        why = error.strerror or "is no certificate with its key"
        raise ValueError(f"certificate: {certificate}, key: {key}: {why}") from error
    finally:
        for each in opened:
            os.close(each)


def without(text: str, sent: Dict[str, str], named: tuple[SecretHeader, ...]) -> str:
    """Return an answer without the secrets that were sent with the request."""
    for each in named:
        text = text.replace(sent[each.name][len(each.before) :], HIDDEN)
    return text
