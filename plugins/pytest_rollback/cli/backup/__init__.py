"""The commands about backup sets: what is saved before a deploy, and how far back to go.

`save` has what a deploy is about to change recorded, by way of the strategy of the system; `sets`
lists the sets that are kept in the state directory, and chooses the one that a rollback returns
over. Both are one round trip to the host, and change nothing but the state directory and backups.
"""
