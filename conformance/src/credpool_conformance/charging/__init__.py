"""Say whose each difference is: a requirement that a check verifies, another one's, or nobody's.

`table` has the owners, `plan` what was to be sent, `step` the first step that differs, `state` and
`rest` the rest of a phase; `ledger` reads a check, `account` keeps what is charged in it, and `needs`
looks at what one check owes another.
"""
