"""The machine itself: commands that are there or not, kinds of paths, room on its disks."""

from typing import Dict, NamedTuple, Optional, Tuple

from ..protocol import Route


class ToolsRequest(NamedTuple):
    """Commands to look for: names, or command lines; relative paths are below `root`."""

    root: str
    commands: Tuple[str, ...]


class Tools(NamedTuple):
    """Where each command is found, None for one that is not there."""

    places: Dict[str, Optional[str]]


class PathsRequest(NamedTuple):
    """Paths to look at; relative ones are below `root`."""

    root: str
    paths: Tuple[str, ...]


class PathKinds(NamedTuple):
    """What each path is, links followed.

    It is `file`, `directory`, `other`, or None where there is nothing, or nothing we may see.
    """

    kinds: Dict[str, Optional[str]]


class Room(NamedTuple):
    """Need and room of one file system, in bytes and inodes.

    `mount` is its mount point. `free_inodes` is None where a file system makes inodes as it needs
    them.
    """

    mount: str
    need: int
    free: int
    need_inodes: int
    free_inodes: Optional[int]
    enough: bool


TOOLS = Route("tools.look", ToolsRequest, Tools)
PATHS = Route("paths.look", PathsRequest, PathKinds)
