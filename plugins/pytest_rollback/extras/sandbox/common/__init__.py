"""The parts that both kinds of sandbox share: creation, deploys and scenarios.

It starts no service itself: `site` is the interface that each kind implements.

Order of calls: `recipe` reads the folder that a sandbox is made of; `layout` says where its files
are, with free `ports`; `processes` knows which processes belong to it. `deploy` brings a `release`
onto a site, with the commits of its `history`, and `links` one into a directory of its own;
`scenario` copies files over it that turn it bad.
`health` asks a component, `status` is what people are shown. `postgres` is a database server.

    scenario -> deploy -> site (the interface) -> release, history, layout -> recipe
"""
