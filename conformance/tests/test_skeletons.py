"""The skeletons in other languages: they run, pass what their heads name, and are what the page shows."""

import os
import re
import shutil
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import pytest

from credpool_conformance.cli import main
from credpool_conformance.data import SKELETONS, find
from credpool_conformance.reporting.report import Report, read_report
from credpool_conformance.specification.requirements import load

PAGE: Final = Path(__file__).parents[2] / "docs/conformance/write-a-pool.md"
BODIES: Final = ("go", "rust", "typescript")
_STRIPS: Final = "process.exit(process.features.typescript ? 0 : 1)"
_TSC: Final = ("tsc", "--strict", "--target", "es2022", "--module", "nodenext", "testee.mts")
_BUILDS: Final = {
    "go": ("go", "build", "-o", "testee", "testee.go"),
    "rust": ("rustc", "--edition", "2021", "-D", "warnings", "testee.rs"),
}
_GO_POOL: Final = re.compile(r"// YOUR POOL GOES HERE.*?(?=\n// send sends)", re.DOTALL)
_GO_INSPECT: Final = re.compile(r"// inspect changes nothing.*?(?=// From here on)", re.DOTALL)
_GO_STEP: Final = re.compile(r"```go\n(.*?)```", re.DOTALL)


def source(of: str) -> str:
    """Read a skeleton."""
    return find().templates[of].read_text(encoding="utf-8")


def named(of: str, head: str) -> list[str]:
    """Read the requirements that the head of a skeleton names."""
    (line,) = re.findall(rf"^// {head}: (.*)$", source(of), re.MULTILINE)
    return str(line).split(", ")


@dataclass(frozen=True)
class Built:
    """A skeleton that can be started."""

    command: str
    folder: Path

    def run(self, wanted: list[str]) -> Report:
        """Run the checks of some requirements."""
        report = self.folder / "report.ndjson"
        some = [word for id_ in wanted for word in ("--requirement", id_)]
        main(["run", *some, "--testee", self.command, "--report", str(report)])
        return read_report(report)

    def outcomes(self, wanted: list[str]) -> dict[str, set[str]]:
        """Run the checks of some requirements, and tell the outcomes of each requirement."""
        found = defaultdict(set)
        for check in self.run(wanted).checks:
            for cited in check["verifies"]:
                found[str(cited).partition("+")[0]].add(str(check["outcome"]))
        return found


SMALLEST: Final = {"features": [], "clock": "virtual", "providers": [], "strategies": []} | {
    "credentials": ["api_key"],
    "policy": [],
    "tells": [],
}


def build(of: str, folder: Path, text: str) -> Built:
    """Make a program of a skeleton; without what makes it, skip and say so."""
    for name, file in SKELETONS.items():
        if name.partition("-")[0] == of:
            (folder / Path(file).name).write_text(text if name == of else source(name), "utf-8")
    if of == "typescript":
        return Built(_typescript(folder), folder)
    command = _BUILDS[of]
    if not _works(command[0]):
        pytest.skip(f"{command[0]} is not here, so the skeleton in {of} was NOT RUN")
    cache = {"GOCACHE": str(folder / "cache"), "GO111MODULE": "off"}
    subprocess.run(command, cwd=folder, check=True, env=os.environ | cache)
    return Built(str(folder / "testee"), folder)


def _works(compiler: str) -> bool:
    """Tell whether a compiler is there, and not only a name for one that was never installed."""
    asks = [compiler, "version" if compiler == "go" else "--version"]
    return bool(shutil.which(compiler)) and not subprocess.run(asks, check=False).returncode


def _typescript(folder: Path) -> str:
    node = shutil.which("node")
    if node and not subprocess.run([node, "-e", _STRIPS], check=False).returncode:
        return f"{node} --no-warnings {folder / 'testee.mts'}"
    if not node or not shutil.which("tsc"):
        pytest.skip("neither Node 22.18 nor tsc is on PATH: the skeleton in TypeScript was NOT RUN")
    subprocess.run(_TSC, cwd=folder, check=False)  # without `@types/node` it complains, and writes
    return f"{node} {folder / 'testee.mjs'}"


@pytest.mark.parametrize("of", BODIES)
def test_a_skeleton_passes_what_its_head_names(of: str, tmp_path: Path) -> None:
    """Each requirement that it names is exercised, and each of its checks passes."""
    wanted = named(of, "Passes")

    outcomes = build(of, tmp_path, source(of)).outcomes(wanted)

    assert len(wanted) >= 5
    assert [id_ for id_ in wanted if "pass" not in outcomes[id_]] == []
    assert set().union(*(outcomes[id_] for id_ in wanted)) <= {"pass", "not-applicable"}


@pytest.mark.parametrize("of", BODIES)
def test_a_skeleton_declares_the_smallest_profile(of: str, tmp_path: Path) -> None:
    """What it has not is not asked of it."""
    testee = build(of, tmp_path, source(of)).run(["reply.unchanged"]).header["testee"]

    assert isinstance(testee, dict)
    assert {key: testee[key] for key in SMALLEST} == SMALLEST
    assert testee["language"].lower() == of


@pytest.mark.parametrize("of", BODIES)
def test_what_comes_next_is_still_open(of: str, tmp_path: Path) -> None:
    """A naive pool fails some of the next checks, and breaks down in none."""
    outcomes = build(of, tmp_path, source(of)).outcomes(named(of, "Next"))

    for pattern in named(of, "Next"):
        seen = set().union(*(found for id_, found in outcomes.items() if fnmatch(id_, pattern)))
        assert seen & {"fail", "inconclusive"}, pattern
        assert "harness-error" not in seen, pattern


@pytest.mark.parametrize("of", BODIES)
def test_passed_and_next_are_the_whole_core(of: str) -> None:
    """Who does what the head names has done all there is."""
    patterns = [*named(of, "Passes"), *named(of, "Next")]
    core = [found.id for found in load(find()).known.values() if "core" in found.features]

    assert core
    assert [id_ for id_ in core if not any(fnmatch(id_, each) for each in patterns)] == []


@pytest.mark.parametrize("of", SKELETONS)
def test_a_skeleton_is_given_away(capsys: pytest.CaptureFixture[str], of: str) -> None:
    """`template --of` prints the file, whose head says how it is printed and made."""
    file = Path(SKELETONS[of]).name
    assert main(["template", "--of", of]) == 0

    assert capsys.readouterr().out == source(of)
    assert f"credpool-conformance template --of {of} > {file}" in source(of)


@pytest.mark.parametrize("of", SKELETONS)
def test_the_page_shows_the_very_file(of: str) -> None:
    """The site brings the file in; nothing is copied by hand."""
    assert f'--8<-- "conformance/skeletons/{SKELETONS[of]}"' in PAGE.read_text("utf-8")


@pytest.mark.parametrize("of", SKELETONS)
def test_a_skeleton_is_short(of: str) -> None:
    """It is read in one sitting."""
    lines = source(of).splitlines()

    assert len(lines) <= 190
    assert max(map(len, lines)) <= 130


def test_the_first_step_of_the_page_works(tmp_path: Path) -> None:
    """What the page writes in the place of the naive pool passes what the page says."""
    (step,) = _GO_STEP.findall(re.sub(r"```go\n--8<--.*?```", "", PAGE.read_text("utf-8")))
    text, pools = _GO_POOL.subn(lambda _: step, source("go"))
    text, inspects = _GO_INSPECT.subn("", text)
    wanted = ["recover.rate-limited.rotate-second"]

    before = build("go", tmp_path, source("go")).outcomes(wanted)[wanted[0]]
    after = build("go", tmp_path, text).outcomes(wanted)[wanted[0]]

    assert (pools, inspects) == (1, 1)
    assert "fail" in before
    assert after == {"pass", "not-applicable"}
