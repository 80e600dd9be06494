"""What both sandboxes share: where things lie, how a release is deployed, how it is made bad.

Order of calls: `recipe` reads the folder that a sandbox is made of and lays it over the manifest,
`layout` says where everything lies, `ports` claims free ports, `postgres` starts a server of our
own. `deploy` brings a release the way the procedure expects it: dump, backups, files, units,
restart, with `history` as its git repository. `scenario` turns the current release bad; `health`
waits for an answer. `processes` knows which processes are the sandbox's, and ends exactly those.
"""
