"""The machine itself: commands that are there or not."""

from typing import Dict, NamedTuple, Optional, Tuple

from ..protocol import Route


class ToolsRequest(NamedTuple):
    """Commands to look for: names, or command lines; relative paths are below `root`."""

    root: str
    commands: Tuple[str, ...]


class Tools(NamedTuple):
    """Where each command is found, None for one that is not there."""

    places: Dict[str, Optional[str]]


TOOLS = Route("tools.look", ToolsRequest, Tools)
