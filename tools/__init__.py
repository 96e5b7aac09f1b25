"""How the repository makes its generated pages, and how it proves that the checks can fail.

Nobody who uses the packages needs it, so it is installed nowhere: run it in the repository's root.
"""
