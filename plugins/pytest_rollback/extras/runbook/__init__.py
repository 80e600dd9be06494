"""The runbook, compared with the host: dead references and known pitfalls.

Nothing of the page is run.

Order of calls: `markdown` finds the code blocks, `prompts` what of them is typed and not output,
`syntax` what of a shell is no command, `wrappers` which command runs behind sudo and its like;
`shell` takes the commands and the Python out of the code blocks, with their lines;
`references` lists the paths, scripts, units, URLs and imports that they take for granted, `drift`
asks the host for all of them in one round trip and says what is not there. `pitfalls` knows
commands that do something else than they seem to, and what to do instead; `age` says when the page
was last changed, and when it is due for a review.
"""
