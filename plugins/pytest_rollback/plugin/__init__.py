"""The only room that imports pytest.

`hooks` is what pytest loads. A session that was asked for criteria gets a run (`session`), hooks of
its own (`criteria_hooks`) and a life (`lifecycle`: begin a suite, roll back, end); `fixtures` are
the restore actions in the procedure's order; `outcomes` turns what a test raised into an outcome;
`terminal` and `html_report` show the end.
"""
