"""What Ansible is given: a play of one task, and the two plugins that carry it out.

They lie beside the play, where Ansible looks for them whatever it is configured to. They run in
Ansible's own Python, which may be another one than ours, and import nothing of ours.
"""

from __future__ import annotations

import json
from pathlib import Path

TOLD = "ROLLBACK_ANSIBLE_TOLD"
"""The variable that names the file for what Ansible says instead of carrying."""

TASK, CALLBACK = "rollback_carried", "rollback_told"

ACTION = '''
"""Carry commands that come from a socket to a host, until nobody sends any."""
import json, socket
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

MOST = 64 * 2**20

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self._task.args["socket"])
            stream = line.makefile("rwb")
            name, takes = task_vars["inventory_hostname"], self._connection.has_pipelining
            self.say(stream, {"host": name, "takes": bool(takes), "by": self._connection.transport})
            for asked in iter(stream.readline, b""):
                header = json.loads(asked)
                self.say(stream, *self.carried(header["command"], stream.read(header["size"])))
        return result

    def carried(self, command, data):
        try:
            done = self._low_level_execute_command(
                command, in_data=data, encoding_errors="surrogateescape")
        except AnsibleConnectionFailure as error:
            return ({"problem": "unreachable", "message": str(error)},)
        except AnsibleError as error:
            return ({"problem": "failed", "message": str(error)},)
        parts = [done[each].encode("utf-8", "surrogateescape") for each in ("stdout", "stderr")]
        if sum(map(len, parts)) > MOST:
            words = "it said more than %d MB" % (MOST >> 20)
            return ({"problem": "failed", "message": words},)
        return ({"rc": done["rc"], "sizes": [len(each) for each in parts]}, *parts)

    @staticmethod
    def say(stream, header, *parts):
        stream.write(json.dumps(header).encode("ascii") + b"\\n" + b"".join(parts))
        stream.flush()
'''
"""An empty standard input would be a terminal to ssh: it is never empty, see `ansible_line`."""

STDOUT = f'''
"""Write what went wrong to a file, and nothing to the standard output."""
import json, os
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "{CALLBACK}"

    def told(self, kind, message):
        with open(os.environ["{TOLD}"], "w") as file:
            json.dump({{"problem": kind, "message": str(message)}}, file)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.told("failed", result._result.get("msg", "it says nothing"))

    def v2_runner_on_unreachable(self, result):
        self.told("unreachable", result._result.get("msg", "it says nothing"))

    def v2_playbook_on_no_hosts_matched(self):
        self.told("unknown", "")
'''


def written(folder: Path, host: str, *, become: bool) -> Path:
    """Write play and plugins into a private folder; return the path of the play.

    Args:
        folder: an existing one.
        host: its name in the inventory.
        become: whether to become another user where the inventory does not say so.
    """
    play = {
        "hosts": host,
        "gather_facts": False,
        "strategy": "linear",
        "tags": ["always"],
        # Ansible would ask again where a line broke, and a question may change the host.
        "vars": {"ansible_ssh_retries": 0},
        "tasks": [{TASK: {"socket": str(folder / "s")}, "timeout": 0}],
        **({"become": True} if become else {}),
    }
    plugins = {f"action_plugins/{TASK}.py": ACTION, f"callback_plugins/{CALLBACK}.py": STDOUT}
    for name, text in {**plugins, "play.json": json.dumps([play])}.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder / "play.json"
