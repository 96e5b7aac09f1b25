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


@pytest.mark.parametrize("package", ["reference_impl", "conformance"])
def test_wheel_and_sdist_carry_the_licence(package: str, tmp_path: Path) -> None:
    """Both hold the whole text, the wheel where installers look for it, and its metadata says so."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    targets = ["-t", "wheel", "-t", "sdist"]

    subprocess.run([*command, *targets], cwd=ROOT / package, check=True, capture_output=True)  # noqa: S603

    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
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
