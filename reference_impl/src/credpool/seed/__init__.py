"""Where credentials are found: the environment, `.env`, other tools' files, the configuration.

A source is asked with `read`; it tells what it has, and changes nothing (spec: seeding).
"""
