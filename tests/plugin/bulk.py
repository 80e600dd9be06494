"""So many files in a backup set that their names are exchanged, wherever the set lies."""

from __future__ import annotations

from pytest_rollback.agent.restore.batch import MANY

BULK = f"""
import hashlib, json, os, pathlib, sys
root, state, like = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
record = json.loads((state / "backups.json").read_text())
known = next(each for each in record["files"] if each["path"] == like)
owner = os.stat(root / like)
folder = root / "core/bulk"
folder.mkdir()
for number in range({MANY}):
    for name, text in ((f"{{number}}.txt", "failed"), (f"{{number}}.txt.backup", "previous")):
        (folder / name).write_text(text)
        os.chown(folder / name, owner.st_uid, owner.st_gid)
    about = {{"path": f"core/bulk/{{number}}.txt", "size": len("previous")}}
    record["files"].append(known | about | {{"sha256": hashlib.sha256(b"previous").hexdigest()}})
(state / "backups.json").write_text(json.dumps(record))
"""
"""A Python script; it is given the root, the state directory, and a recorded file to be like."""
