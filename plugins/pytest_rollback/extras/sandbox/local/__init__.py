"""The sandbox as processes of this user: supervisord, a proxy, a PostgreSQL, on free ports.

Needs no root and no container. It ends every process that it started, and no other.

Order of calls: `sandbox` starts and stops the whole; `site` is one sandbox as its parts and what
they do together: `supervisord` the service manager, `proxy` the edge that shows the maintenance
page, the database, the release history. `deploy` brings a release the way the procedure expects
it: dump, backups, files, units, restart. `pristine` keeps the last healthy state, to go back to in
a moment.

With the strategy of images, `images` is the site: its components are containers of a `project`,
which needs a container engine, while edge and database stay processes.
"""
