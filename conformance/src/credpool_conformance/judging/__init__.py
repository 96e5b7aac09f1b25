"""Say whose each difference is: a requirement that a check verifies, another one's, or nobody's.

`table` has the owners, `plan` what was to be sent, `step` the first step that differs, `state` and
`words` the rest of a phase, `ledger` what that makes of a check, `needs` what one check owes another.
"""
