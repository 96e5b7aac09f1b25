"""Teach pytest the options of the suite: `pytest --pyargs credpool_conformance --testee …`.

pytest loads this in every run, so it imports nothing; the work is `pytest_suite`'s.
"""

import pytest

_SUITE = "credpool_conformance.pytest_suite"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all of them named as on the suite's own command line except for a prefix."""
    group = parser.getgroup("credpool-conformance", "conformance of a credential pool")
    group.addoption(
        "--testee", help="the command that starts the testee, or a Python file; see --pyargs"
    )
    group.addoption(
        "--testee-connector", choices=("stdio", "inprocess"), default="stdio", help="(%(default)s)"
    )
    group.addoption(
        "--testee-timeout", type=float, default=10.0, help="seconds a reply may take (%(default)s)"
    )
    group.addoption("--known-failures", help="YAML or JSON: checks that may fail, with reasons")


def pytest_configure(config: pytest.Config) -> None:
    """Bring in the suite, but only where a testee is named."""
    if config.getoption("testee"):
        config.pluginmanager.import_plugin(_SUITE)
