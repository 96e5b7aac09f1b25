"""Two testees against each other: the same random history is played on both, and compared.

What is random comes from a seed, and what is compared is what the suite compares.
"""
