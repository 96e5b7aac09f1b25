"""Say whose each difference is: a requirement that a check verifies, another one's, or nobody's.

`step` names the first request that differs from the plan, `state` and `results` the rest of a phase;
`check_charges` reads a check, `account` keeps what is charged in it, and `needs` looks at what one check
owes another.  Who answers for what is a table: `specification.charges`.
"""
