"""The wheel: all of the library, its shapes and ontology, and nothing generic."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout with the build backend that is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    subprocess.run(
        [*command, "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; requirements are lent by this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--no-deps", "--no-index", "-q", str(wheel)],
        check=True,
        capture_output=True,
    )
    (site,) = home.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


def test_the_wheel_holds_the_library_and_its_resources(wheel: Path) -> None:
    """All of the library, shapes and ontology are in it; loaders and api are not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"trigpoint"}
    for folder in ("shapes", "ontology"):
        files = {path.name for path in (ROOT / folder).glob("*.ttl")}
        assert files
        assert {f"trigpoint/{folder}/{file}" for file in files} <= names
    modules = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "trigpoint").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert modules <= names


def test_the_installed_package_finds_its_shapes(
    installed: Path, tmp_path: Path
) -> None:
    """Away from the checkout, the package uses the shapes inside the wheel."""
    script = (
        "import trigpoint\n"
        "from trigpoint.resources import resource_folder\n"
        "from trigpoint.schema.catalogue import Schemas\n"
        "folders = [resource_folder('shapes')], [resource_folder('ontology')]\n"
        "print(trigpoint.__file__, folders[0][0], len(Schemas(*folders)))\n"
    )
    told = subprocess.run(
        [installed / "bin" / "python", "-I", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert Path(told[0]).is_relative_to(installed)
    assert Path(told[1]).is_relative_to(installed)
    registers = {
        path
        for path in (ROOT / "shapes").glob("*.ttl")
        if "tp:register" in path.read_text(encoding="utf-8")
    }
    assert int(told[2]) == len(registers)


def test_the_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    """`trigpoint --help` lists its verbs, and a verb on an empty folder is refused."""
    command = installed / "bin" / "trigpoint"
    told = subprocess.run(
        [command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "status" in told.stdout
    refused = subprocess.run(
        [command, "status", "--data", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "holds no registers" in refused.stdout + refused.stderr
