"""The house's commands: plain `nox` runs what CI runs, except for those that install other programs.

Each session has a small environment of its own, kept between runs and locked by constraints.txt.
"""

import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import nox

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
LOCK = ROOT / "constraints.txt"
PACKAGES = ("-e", "reference_impl[cli,httpx,keyring,otel,redis,requests]", "-e", "conformance")
REPORTS = ROOT / "conformance" / "reports"
REPORT_PAGE = "docs/conformance/report.md"
TESTEE = "conformance/testees/reference.py"
DECIDES = ",".join(
    f"*/credpool/{part}"
    for part in (
        *("model/*", "providers/*", "rules/*", "stores/auth_json/*", "config/pools.py"),
        *("stores/kept.py", "stores/sqlite/layout.py", "stores/sqlite/places.py"),
        *("events/__init__.py", "events/changes.py", "events/report.py", "events/summary.py"),
        *("entries/edit.py", "entries/listing.py", "entries/order.py"),
        *("seed/found.py", "login/entries.py"),
    )
)
REQUESTS_TESTEE = "conformance/testees/requests_client.py"
SQLITE_TESTEE = "conformance/testees/reference_sqlite.py"
ASYNC_TESTEE = "conformance/testees/reference_async.py"
MINIMAL_TESTEE = "conformance/testees/minimal.py"
SITE_TESTS = sorted((ROOT / "tools" / "site").glob("*.test.mjs"))
INTEROP = ROOT / "reference_impl" / "interop" / "locks"
GALLERY = ROOT / "conformance" / "gallery"
SECOND_TESTEE = "conformance/testees/javascript"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HERMES = "hermes-agent==0.19.0"
MEASURED = ("hermes-agent", "litellm", "open-keypool")
PYDANTIC_AI = "pydantic-ai-slim[openai,anthropic]==2.68.0"
CONNECTORS = ("stdio", "inprocess")
DAYS_AND_ZONES = (  # a leap day, both changes of the clock, the ends of a month and of a year
    ("2028-02-29T12:00:00Z", "Asia/Kolkata"),
    ("2026-10-25T00:59:30Z", "Europe/Berlin"),
    ("2027-03-28T00:59:30Z", "Europe/Berlin"),
    ("2027-01-31T23:59:50Z", "America/Los_Angeles"),
    ("2026-12-31T23:59:59Z", "UTC"),
)
SUITE = ("python", "-m", "credpool_conformance")
SPREAD = ("--jobs", str(min(4, os.cpu_count() or 1)))
# mkdocs-material announces its successors on every build; pyproject.toml records what we do about it
QUIET_DOCS = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_external_run = True
nox.options.reuse_venv = "yes"
nox.options.sessions = [
    "tests",
    "conformance",
    "javascript",
    "wheel",
    "lint",
    "typing",
    "spec",
    "mutants",
    "docs",
    "browser",
]


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests of both packages; every branch of what decides must be taken."""
    install_packages(session, "test")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    if not session.posargs:
        session.run("coverage", "report", f"--include={DECIDES}", "--fail-under=100")


@nox.session
def conformance(session: nox.Session) -> None:
    """Run the suite on both Python pools; on the library also asynchronous, and in other ways."""
    install_packages(session)
    if session.posargs:
        session.run(*SUITE, "run", *session.posargs)
        return
    reports = {testee: run_testee(session, testee) for testee in (TESTEE, MINIMAL_TESTEE)}
    asynchronous = run_testee(session, ASYNC_TESTEE, "inprocess")
    if all(reports.values()):  # nothing runs with --install-only
        for pair in (*reports.values(), [reports[TESTEE][-1], *asynchronous]):
            session.run(*SUITE, "compare", *map(str, pair))
        write_page(session, "--check", *reports[TESTEE])
    session.run(*SUITE, "run", "--testee", SQLITE_TESTEE, "--connector", "inprocess", *SPREAD)
    for begin, zone in DAYS_AND_ZONES:
        when = ("--begin", begin, "--zone", zone, *SPREAD)
        session.run(*SUITE, "run", "--testee", TESTEE, "--connector", "inprocess", *when)
    known = ("--known-failures", str(Path(REQUESTS_TESTEE).with_suffix(".known.yaml")))
    session.run(*SUITE, "run", "--testee", REQUESTS_TESTEE, "--connector", "stdio", *known, *SPREAD)
    session.run("python", "conformance/tests/programs/another_day.py", "--days", "30", "-30")


@nox.session
def javascript(session: nox.Session) -> None:
    """Run the suite on the second implementation, its own tests and the Explorer's; Node 20 is needed."""
    require_node(session)
    install_packages(session, "interop")
    tests = (f"{SECOND_TESTEE}/rules.test.mjs", "tools/explorer/simulation.test.mjs")
    session.run("node", "--test", *tests, external=True)
    session.run("pytest", "tools/explorer/test_explanations.py")
    report = REPORTS / "javascript.ndjson"
    options = ("--testee", f"node {SECOND_TESTEE}/testee.mjs", "--report", str(report))
    session.run(*SUITE, "run", *options, *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the suite's wheel, and use it where there is no repository."""
    install(session, *group("build"))
    with tempfile.TemporaryDirectory() as folder:
        if built := build_suite(session, Path(folder, "dist")):  # nothing runs with --install-only
            session.chdir(folder)  # from here on, all that is known is the wheel
            use_suite(session, Path(folder, "venv"), built)


@nox.session
def hermes(session: nox.Session) -> None:
    """Share one `auth.json` with the real Hermes Agent, in its environment: 240 MB, its own pins."""
    its_own = {"PIP_CONSTRAINT": None}  # it pins what our lock has otherwise
    session.install(HERMES, *group("interop"), env=its_own)
    session.install("-e", "reference_impl", env=its_own)
    session.run("pytest", "reference_impl/interop/test_hermes.py", *session.posargs)


@nox.session
def pydantic_ai(session: nox.Session) -> None:
    """Send an agent framework's calls through a pool, with the SDKs that it brings."""
    session.install(PYDANTIC_AI, *group("interop"))
    session.install("-e", "reference_impl")
    session.run("pytest", "reference_impl/interop/test_pydantic_ai.py", *session.posargs)


@nox.session
def sdks(session: nox.Session) -> None:
    """Send the calls of SDKs and frameworks through a pool, as the page shows them: 600 MB."""
    for name in ("newer", "older"):
        run_sdks(session, name)


@nox.session
def sdks_quick(session: nox.Session) -> None:
    """Send the calls of the SDKs alone, and of no framework: 150 MB, within two minutes."""
    run_sdks(session, "quick")


@nox.session
def mutants(session: nox.Session) -> None:
    """Break the reference in every way that is written down, or with --generic in every small way."""
    install_packages(session, *(("test",) if "--generic" in session.posargs else ()))
    if "--generic" in session.posargs:
        options = [option for option in session.posargs if option != "--generic"]
        session.run("python", "-m", "tools.mutants.generic", *options)
        return
    session.run("python", "-m", "tools.mutants", *(session.posargs or ["--check"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the direction of imports."""
    install(session, *group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    contracts = ((".", "."), ("reference_impl", "src"), ("conformance", "src"))
    for folder, source in contracts:
        with session.chdir(folder):
            session.run("lint-imports", "--no-cache", env={"PYTHONPATH": source})


@nox.session
def typing(session: nox.Session) -> None:
    """Type-check both packages, the minimal pool and the public API's type tests, strictly."""
    install_packages(session, "typing")
    api = ROOT / "reference_impl" / "tests" / "typing" / "api.py"
    paths = ["reference_impl/src", "reference_impl/minimal", "conformance/src", "tools"]
    paths += [str(api)] if api.exists() else []
    session.run("mypy", *(session.posargs or paths))


@nox.session
def spec(session: nox.Session) -> None:
    """Lint the specification, what is proven of it, and whether every generated page is current."""
    install_packages(session)
    session.run("python", "-m", "tools.pages", *(session.posargs or ["--check"]))
    session.run("python", "-m", "credpool.cli.page", "--check")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site strictly, by zensical and by mkdocs, and try it: search, weights, addresses."""
    install(session, *group("docs"))
    session.run("zensical", "build", "--strict", silent=True)
    session.run("mkdocs", *(session.posargs or ["build", "--strict"]), env=QUIET_DOCS)
    if not session.posargs:
        session.run("python", "-m", "tools.site.plain", "site")
        require_node(session)
        session.run("node", "--test", *map(str, SITE_TESTS), external=True)


@nox.session
def browser(session: nox.Session) -> None:
    """Open the site's pages in the system's Chromium: by keyboard, with axe, wide and narrow."""
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        session.skip("no Chromium is on PATH, so NO PAGE WAS OPENED: install Debian's `chromium`")
    install(session, *group("docs", "browser"))
    with tempfile.TemporaryDirectory() as folder:
        session.run("mkdocs", "build", "--strict", "--site-dir", folder, env=QUIET_DOCS)
        env = {"SITE_FOLDER": folder, "CHROMIUM": chromium}
        session.run("pytest", "tools/browser", *session.posargs, env=env)


@nox.session
def gallery(session: nox.Session) -> None:
    """Run the suite on pools that others wrote, each in its own environment: over a gigabyte."""
    install_packages(session)
    pools = nox.project.load_toml(GALLERY / "pools.toml")["pool"]
    for pool in pools:
        if not session.posargs or pool["id"] in session.posargs:
            judge_pool(session, pool)
    session.run("python", str(GALLERY / "page.py"), str(REPORTS), "--write")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Play random histories on the library and the other two pools; give a seed and steps, if any."""
    require_node(session)
    install_packages(session)
    options = session.posargs or ("--steps", "10000", "--jobs", "2")
    for other in (MINIMAL_TESTEE, f"node {SECOND_TESTEE}/testee.mjs", TESTEE):
        pair = ("--testee", TESTEE, "--against", other, "--connector", "inprocess")
        session.run(*SUITE, "fuzz", *pair, *options)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the budgets beside the peers, half a gigabyte; `-- --quick` without, in a minute."""
    install_packages(session, "test")
    peers: tuple[str, ...] = ()
    if "--quick" not in session.posargs:
        home = Path(session.virtualenv.location).parent
        for pool in nox.project.load_toml(GALLERY / "pools.toml")["pool"]:
            if pool["id"] in MEASURED:
                install_python_pool(session, pool, home / f"gallery-{pool['id']}")
        peers = ("--peers", str(home))
    session.run("python", "-m", "tools.bench", *peers, *session.posargs)


@nox.session
def generate(session: nox.Session) -> None:
    """Write every generated page again: the specification's, the mutants', and a fresh run's."""
    install_packages(session)
    session.run("python", "-m", "tools.pages", "--write")
    session.run("python", "-m", "credpool.cli.page", "--write")
    session.run("python", "-m", "tools.mutants", "--write")
    write_page(session, "--write", *run_testee(session, TESTEE))


@nox.session
def rule(session: nox.Session) -> None:
    """Make a rule of the registry from a report: nox -s rule -- FILE."""
    install_packages(session)
    session.run("python", "-m", "tools.scaffold", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Resolve all dependencies again and write constraints.txt."""
    session.install("--upgrade", "nox", *group(*PROJECT["dependency-groups"]), *PACKAGES)
    pins = session.run("pip", "freeze", "--all", "--exclude-editable", silent=True) or ""
    ours = ("pip==", "setuptools==", "wheel==")
    kept = [line for line in pins.splitlines() if "==" in line and not line.startswith(ours)]
    head = "# Written by `nox -s lock`: what CI and the nox sessions install.\n"
    LOCK.write_text(head + "\n".join(sorted(kept, key=str.lower)) + "\n", encoding="utf-8")


def require_node(session: nox.Session) -> None:
    """Stop with a reason when there is no Node, or one that is too old; nothing is skipped."""
    if not shutil.which("node"):
        session.error("node is not on PATH: install Node 20 or newer, or run another session")
    script = (
        "const [major] = process.versions.node.split('.');"
        "if (major < 20) throw new Error(`Node ${major} is too old: install Node 20 or newer`)"
    )
    session.run("node", "-e", script, external=True)


def run_sdks(session: nox.Session, name: str) -> None:
    """Run the programs of the page in an environment with exactly what a lock has."""
    home = Path(session.virtualenv.location).parent / f"sdks-{name}"
    python = str(home / "bin" / "python")
    if not Path(python).exists():
        session.run_install("python", "-m", "venv", str(home))
    # most of it is never imported, so nothing is compiled ahead
    pip = (python, "-m", "pip", "install", "-q", "--no-compile")
    lock = ("-r", str(INTEROP / f"sdks-{name}.txt"), "-e", "reference_impl[httpx,requests]")
    session.run_install(*pip, *lock, env={"PIP_CONSTRAINT": None}, external=True)
    # what an SDK leaves open is its own affair
    tests = ("-W", "default", *map(str, sorted(INTEROP.parent.glob("test_[us]*.py"))))
    own = {"CREDPOOL_SDKS": name}
    session.run(python, "-m", "pytest", *tests, *session.posargs, env=own, external=True)


def group(*names: str) -> tuple[str, ...]:
    """Return the requirements of dependency groups in pyproject.toml."""
    return nox.project.dependency_groups(PROJECT, *names)


def install(session: nox.Session, *requirements: str) -> None:
    """Install at the locked versions."""
    session.install("-c", str(LOCK), *requirements)


def install_packages(session: nox.Session, *groups: str) -> None:
    """Install both packages, editable, and groups; the build tool is not installed for each again."""
    install(session, *group("build", *groups))
    install(session, "--no-build-isolation", *PACKAGES)


def run_testee(session: nox.Session, testee: str, *connectors: str) -> list[Path]:
    """Run the suite on a pool through these connectors, or each; return the reports' paths."""
    reports = []
    for connector in connectors or CONNECTORS:
        report = REPORTS / f"{Path(testee).stem}-{connector}.ndjson"
        options = ("--testee", testee, "--connector", connector, "--report", str(report))
        if session.run(*SUITE, "run", *options, *SPREAD):  # nothing runs with --install-only
            reports.append(report)
    return reports


def build_suite(session: nox.Session, dist: Path) -> Path | None:
    """Build the suite's wheel from the checkout and from its sdist; return the latter's."""
    with session.chdir("conformance"):
        if not session.run("hatchling", "build", "-d", str(dist), "-t", "sdist", "-t", "wheel"):
            return None
    (sdist,) = dist.glob("*.tar.gz")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "-w", str(dist / "again"))
    session.run("pip", "wheel", *options, str(sdist))
    (first,), (second,) = dist.glob("*.whl"), dist.glob("again/*.whl")
    if packed(first) != packed(second):
        session.error(f"{first.name} is another from a checkout than from the sdist")
    return second


def packed(built: Path) -> dict[str, int]:
    """Read what a wheel would install, without its metadata."""
    with zipfile.ZipFile(built) as archive:
        files = archive.infolist()
    return {file.filename: file.CRC for file in files if ".dist-info/" not in file.filename}


def use_suite(session: nox.Session, venv: Path, built: Path) -> None:
    """Run the template against the installed suite, in every way."""

    def run(program: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        command, env = (str(venv / "bin" / program), *arguments), {"PYTHONPATH": None}
        options = {"external": True, "silent": True, "env": env, "success_codes": codes}
        return str(session.run(*command, **options))

    session.run("python", "-m", "venv", str(venv))
    run("pip", "install", "--quiet", "-c", str(LOCK), str(built))
    scenarios = run("credpool-conformance", "list").splitlines()
    Path("my_testee.py").write_text(run("credpool-conformance", "template"), encoding="utf-8")
    for of in ("picker", "gateway", "go", "rust", "rust-wire", "typescript"):
        run("credpool-conformance", "template", "--of", of)
    testee = ("--testee", "my_testee.py")
    run("credpool-conformance", "run", *testee, "--report", "run.ndjson", codes=(1,))
    for form in ("json", "junit", "markdown", "html", "badge", "known-failures"):
        run("credpool-conformance", "report", "run.ndjson", "--format", form, "--output", form)
    run("pip", "install", "--quiet", "-c", str(LOCK), "pytest")
    plain = ("-p", "no:cacheprovider", "--junitxml=pytest")
    run("pytest", "--pyargs", "credpool_conformance", *testee, *plain, codes=(1,))
    judge_template(session, len(scenarios))


def judge_template(session: nox.Session, scenarios: int) -> None:
    """Check that the template fails honestly, and that pytest and the suite agree on it."""
    totals = {}
    for name in ("junit", "pytest"):
        suites = ET.parse(name).getroot().findall("testsuite")  # noqa: S314 (written just now)
        keys = ("tests", "failures", "errors", "skipped")
        totals[name] = {key: sum(int(suite.attrib[key]) for suite in suites) for key in keys}
    counts = totals["junit"]
    session.log(f"the template, judged by the wheel: {counts}")
    alone = totals["pytest"]  # it judges each check by itself, and never looks again at the end
    honest = counts["failures"] and alone["failures"] and not counts["errors"] + alone["errors"]
    if not honest or alone["tests"] != scenarios:
        session.error(f"pytest counts {alone}, and there are {scenarios} scenarios")
    if counts["errors"] or not 0 < counts["failures"] < scenarios - counts["skipped"]:
        session.error("the template should pass some checks, fail others, and break none")


def judge_pool(session: nox.Session, pool: dict[str, str]) -> None:
    """Install a pool where nothing else is, and run the suite on its adapter."""
    home = Path(session.virtualenv.location).parent / f"gallery-{pool['id']}"
    program = (
        install_node_pool(session, pool, home)
        if "node" in pool
        else install_python_pool(session, pool, home)
    )
    report = REPORTS / f"gallery-{pool['id']}.ndjson"
    testee = f"{program} {GALLERY / pool['adapter']}"
    options = ("--testee", testee, "--timeout", "120", "--report", str(report))
    env = {"OPENCLAW_PACKAGE": str(home / "node_modules" / "openclaw")}
    session.run(*SUITE, "run", *options, env=env, success_codes=(0, 1), silent=True)


def install_python_pool(session: nox.Session, pool: dict[str, str], home: Path) -> Path:
    """Make an environment with exactly what the pool's lock has."""
    python = home / "bin" / "python"
    if not python.exists():
        session.run("python", "-m", "venv", str(home))
    lock = GALLERY / "locks" / f"{pool['id']}.txt"
    own = {"PIP_CONSTRAINT": None}  # it pins what our lock has otherwise
    pip = (str(python), "-m", "pip", "install", "-q", "-r", str(lock), *pool["packages"])
    session.run(*pip, env=own, external=True)
    return python


def install_node_pool(session: nox.Session, pool: dict[str, str], home: Path) -> Path:
    """Make a folder with the Node that the pool needs and the pool itself, without its scripts."""
    home.mkdir(parents=True, exist_ok=True)
    npm = ("npm", "install", "--no-audit", "--no-fund", "--prefix", str(home))
    session.run(*npm, f"node@{pool['node']}", external=True)
    binaries = home / "node_modules" / ".bin"
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    session.run(*npm, "--ignore-scripts", *pool["packages"], env={"PATH": path}, external=True)
    return binaries / "node"


def write_page(session: nox.Session, action: str, *reports: Path) -> None:
    """Write the site's page of a run, or check that it is current."""
    command = ("python", "-m", "tools.pages.run_report")
    session.run(*command, *map(str, reports), action, REPORT_PAGE)
