"""Messages to people: their texts, their channels, the escalation; and the checklists.

Promise: telling people never delays a change and never fails silently; no message holds a secret.

Order of calls: `messages` makes words of a run's state, `delivery` sends them, in a thread for
each of the `channels`: the `webhooks` of pager and status page, or whatever apprise knows, with
tokens that `credentials` reads. `escalation` decides from the timeline who is called next and
when; an acknowledgement ends it. `notifications` begins and ends that for a run. `checklist` is
the procedure's checklists as data, each item with what a run must have shown; `amend` writes a
report again when people tick items after the run, and seals its folder once more. `postmortem`
drafts the review in Markdown. `checklist_command` and `postmortem_command` are the commands;
`hooks` joins them.
"""
