"""Small real systems to practise on: `local` needs no root, `machine` is a host with systemd.

A sandbox is made of a folder with a recipe (`common/recipe`): two releases, scenarios that turn
the current one bad, and an overlay over a rollback.toml. Both kinds have the same methods: up,
deploy, break_, reset, status, down. Deploying and scenarios are written once, in `common`, over
the interface `common/site.Site`; `local/site` and `machine/inside` implement it.

    target -> local/sandbox | machine/sandbox -> common/deploy, common/scenario -> common/site

`target` is a sandbox as the target of a session, `troubleshooting` breaks it on purpose. `command`
keeps one, `story` plays a whole incident on it, from a `clean_install`. `hooks` joins them.
"""
