"""What is in the wheels and the sdists, built as an installer builds them."""

import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LICENCE = (ROOT / "LICENSE").read_bytes()
LIBRARY = ROOT / "reference_impl" / "src"


@pytest.mark.parametrize("package", ["reference_impl", "conformance"])
def test_wheel_and_sdist_carry_the_licence(package: str, tmp_path: Path) -> None:
    """Both hold the whole text, the wheel where installers look for it, and its metadata says so."""
    wheel, sdist = built(package, tmp_path)

    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
        in_wheel = archive.read(name.replace("METADATA", "licenses/LICENSE"))
    with tarfile.open(sdist) as archive:
        member = archive.extractfile(f"{sdist.name.removesuffix('.tar.gz')}/LICENSE")
        assert member is not None
        in_sdist = member.read()
    assert in_wheel == in_sdist == LICENCE
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")


def test_the_library_carries_its_data(tmp_path: Path) -> None:
    """The wheel and the sdist hold every file of the package that is no code, as it is here."""
    data = [p for p in (LIBRARY / "credpool").rglob("*") if p.suffix in (".json", ".typed")]
    wanted = {p.relative_to(LIBRARY).as_posix(): p.read_bytes() for p in data}

    wheel, sdist = built("reference_impl", tmp_path)

    assert {"credpool/providers/registry.json", "credpool/cli/talk/billing.json"} < wanted.keys()
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {name: archive.read(name) for name in archive.namelist() if name in wanted}
    with tarfile.open(sdist) as archive:
        names = {name.partition("/src/")[2] for name in archive.getnames()}
    assert in_wheel == wanted
    assert wanted.keys() < names


def built(package: str, folder: Path) -> tuple[Path, Path]:
    """Build the wheel and the sdist of a package, and return where they are."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    targets = ["-t", "wheel", "-t", "sdist"]
    subprocess.run([*command, *targets], cwd=ROOT / package, check=True, capture_output=True)  # noqa: S603
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist
