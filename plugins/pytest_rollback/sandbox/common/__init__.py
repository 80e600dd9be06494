"""What both sandboxes share: where things lie, what a release is, how it is made bad.

Order of calls: `recipe` reads the folder that a sandbox is made of and lays it over the manifest,
`layout` says where everything lies, `ports` claims free ports, `postgres` starts a server of our
own. `release` is a release with its placeholders filled, and what it changes; `history` is the git
repository of releases. `scenario` turns the current release bad; `health` waits for an answer.
`processes` knows which processes are the sandbox's, and ends exactly those.
"""
