"""Declared secret files: where they and their copies are, and which cannot be known."""

from typing import NamedTuple, Tuple

from ..protocol import Route


class SecretFiles(NamedTuple):
    """The declared secret files of a system.

    `paths` are below `root`; a copy of one ends in `suffix`, or lies in the evidence of a run below
    `state`.
    """

    root: str
    state: str
    suffix: str
    paths: Tuple[str, ...]


class UnknownSecrets(NamedTuple):
    """A declared file whose values cannot be known, and why."""

    path: str
    why: str


class SecretsLook(NamedTuple):
    """Which declared files are there, and of which not all values are known."""

    found: Tuple[str, ...]
    unknown: Tuple[UnknownSecrets, ...]


SECRETS = Route("secrets.look", SecretFiles, SecretsLook)
