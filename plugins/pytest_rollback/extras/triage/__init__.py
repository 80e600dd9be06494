"""Triage: the procedure's triggers and decision matrix, and one recommendation.

Promise: a rule is a pure function of what was measured and stated; the gravest rule decides, so
that nothing that gets worse can make the recommendation milder. Nothing is changed.

Order of calls: `stated` reads what people say of the incident from the options, `rules` has one
rule for each line of the procedure, `recommendation` makes one recommendation of the criteria's
outcomes, with the commands that carry it out. `hooks` joins them to a session.
"""
