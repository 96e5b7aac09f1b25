"""The house's commands: plain `nox` runs what CI runs, word for word.

Each session has a small environment of its own, kept between runs and locked by constraints.txt.
"""

from pathlib import Path

import nox

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
LOCK = ROOT / "constraints.txt"
PACKAGES = ("-e", "reference_impl[httpx]", "-e", "conformance")
REPORTS = ROOT / "conformance" / "reports"
REPORT_PAGE = "docs/conformance/report.md"
TESTEE = "conformance/testees/reference.py"
CONNECTORS = ("stdio", "inprocess")
SUITE = ("python", "-m", "credpool_conformance")
# mkdocs-material announces its successors on every build; pyproject.toml records what we do about it
QUIET_DOCS = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_external_run = True
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests", "conformance", "mutants", "lint", "typing", "spec", "docs"]


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests of both packages; every branch of `credpool.core` must be taken."""
    install_packages(session, "test")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    if not session.posargs:
        session.run("coverage", "report", "--include=*/credpool/core/*", "--fail-under=100")


@nox.session
def conformance(session: nox.Session) -> None:
    """Run the suite: on the reference through both connectors, or as the arguments say."""
    install_packages(session)
    if session.posargs:
        session.run(*SUITE, "run", *session.posargs)
        return
    if reports := run_reference(session):
        session.run(*SUITE, "compare", *map(str, reports))
        write_page(session, "--check", *reports)


@nox.session
def mutants(session: nox.Session) -> None:
    """Break the reference in every way that is written down: each must be noticed, as declared."""
    install_packages(session)
    session.run("python", "-m", "credpool_conformance.matrix", *(session.posargs or ["--check"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the direction of imports."""
    install(session, *group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    for folder, source in ((".", "conformance/src"), ("reference_impl", "src")):
        with session.chdir(folder):
            session.run("lint-imports", "--no-cache", env={"PYTHONPATH": source})


@nox.session
def typing(session: nox.Session) -> None:
    """Type-check both packages and the public API's type tests, strictly."""
    install_packages(session, "typing")
    api = ROOT / "reference_impl" / "tests" / "typing" / "api.py"
    paths = ["reference_impl/src", "conformance/src", *([str(api)] if api.exists() else [])]
    session.run("mypy", *(session.posargs or paths))


@nox.session
def spec(session: nox.Session) -> None:
    """Lint the specification and check that every generated page is current."""
    install_packages(session)
    session.run("python", "-m", "credpool_conformance.book", *(session.posargs or ["--check"]))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site strictly with mkdocs, after checking that zensical builds it too."""
    install(session, *group("docs"))
    session.run("zensical", "build", "--strict", silent=True)
    session.run("mkdocs", *(session.posargs or ["build", "--strict"]), env=QUIET_DOCS)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the budgets, as ratios within one run."""
    install_packages(session)
    session.run("python", "reference_impl/bench/bench.py", *session.posargs)


@nox.session
def generate(session: nox.Session) -> None:
    """Write every generated page anew: the specification's, the mutants', and a fresh run's."""
    install_packages(session)
    session.run("python", "-m", "credpool_conformance.book", "--write")
    session.run("python", "-m", "credpool_conformance.matrix", "--write")
    write_page(session, "--write", *run_reference(session))


@nox.session
def lock(session: nox.Session) -> None:
    """Resolve all dependencies anew and write constraints.txt."""
    session.install("--upgrade", "nox", *group(*PROJECT["dependency-groups"]), *PACKAGES)
    pins = session.run("pip", "freeze", "--all", "--exclude-editable", silent=True) or ""
    ours = ("pip==", "setuptools==", "wheel==")
    kept = [line for line in pins.splitlines() if "==" in line and not line.startswith(ours)]
    head = "# Written by `nox -s lock`: what CI and the nox sessions install.\n"
    LOCK.write_text(head + "\n".join(sorted(kept, key=str.lower)) + "\n", encoding="utf-8")


def group(*names: str) -> tuple[str, ...]:
    """Return the requirements of dependency groups in pyproject.toml."""
    return nox.project.dependency_groups(PROJECT, *names)


def install(session: nox.Session, *requirements: str) -> None:
    """Install at the locked versions."""
    session.install("-c", str(LOCK), *requirements)


def install_packages(session: nox.Session, *groups: str) -> None:
    """Install both packages, editable, and groups; the build tool is not installed for each anew."""
    install(session, *group("build", *groups))
    install(session, "--no-build-isolation", *PACKAGES)


def run_reference(session: nox.Session) -> list[Path]:
    """Run the suite on the reference through each connector; return the reports' paths."""
    reports = []
    for connector in CONNECTORS:
        report = REPORTS / f"reference-{connector}.ndjson"
        options = ("--testee", TESTEE, "--connector", connector, "--report", str(report))
        if session.run(*SUITE, "run", *options):  # nothing runs with --install-only
            reports.append(report)
    return reports


def write_page(session: nox.Session, action: str, *reports: Path) -> None:
    """Write the site's page of a run, or check that it is current."""
    command = ("python", "-m", "credpool_conformance.site_report")
    session.run(*command, *map(str, reports), action, REPORT_PAGE)
