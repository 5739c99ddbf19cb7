"""What is built has the files of the checkout, and what is installed works beside a user's own `model.py`.

Nothing is downloaded: the environments made here find the dependencies in the one that runs the tests.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import dynaproof

ROOMS = ("model", "impl", "specs", "checkers")
BUILDS = ("wheel", "wheel of the sdist", "editable")

OWN_MODEL = '''
"""A user's model, in a file that is called like a folder of dynaproof."""

from dynaproof.model.language import Int, Model, action, always, require


class Clock(Model):
    """An hour hand."""

    hour = Int(1, 12)

    @action
    def tick(self) -> None:
        """An hour goes by."""
        self.hour = 1 if self.hour == 12 else self.hour + 1

    @always
    def on_the_dial(self) -> bool:
        """The hand points at an hour."""
        return 1 <= self.hour <= 12
'''
OWN_SPECS = "HOURS = 12\n"
OWN_SCRIPT = """
from dynaproof.checkers.state_space.interpreter import Interpreter
from model import Clock
from specs import HOURS

found = Interpreter(Clock()).explore()
assert found.exhausted and found.violated is None
assert found.distinct == HOURS
print(found.distinct)
"""
OWN_TEST = """
from dynaproof.checkers.certificates import verify
from dynaproof.specs.history import HistoryBuilder
from dynaproof.specs.objects import REGISTER
from model import Clock
from specs import HOURS


def test_own_files_are_imported():
    assert verify(HistoryBuilder().build(), [], REGISTER) is None
    assert Clock.__module__ == "model"
    assert HOURS == 12
"""


def run(*command, cwd):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(source, target, folder):
    """What hatchling, our build backend, builds of a source tree: the one file that is new in `folder`."""
    folder.mkdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder, cwd=source)
    (built,) = folder.iterdir()
    return built


def names(archive):
    """The files in an archive, below the sdist's own folder; none may be in it twice."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            found = wheel.namelist()
    else:
        with tarfile.open(archive) as sdist:
            assert all(member.isfile() for member in sdist.getmembers())
            found = [member.name.partition("/")[2] for member in sdist.getmembers()]
    assert sorted(set(found)) == sorted(found)
    return set(found)


@pytest.fixture(scope="module")
def built(root, tmp_path_factory):
    """The sdist, and the wheels by how they are built."""
    folder = tmp_path_factory.mktemp("built")
    sdist = build(root, "sdist", folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return {
        "sdist": sdist,
        "wheel": build(root, "wheel", folder / "wheel"),
        "wheel of the sdist": build(unpacked, "wheel", folder / "again"),
        "editable": build(root, "wheel:editable", folder / "editable"),
    }


@pytest.fixture(scope="module")
def kept(root):
    """The files of the checkout by the names under which they are imported: rooms below `dynaproof`."""
    if not (root / ".git").exists():
        pytest.skip("not a checkout: nothing says which files are the project's")
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    files = [name for name in listed if name and (root / name).is_file()]
    return {f"dynaproof/{name}" if name.partition("/")[0] in ROOMS else name for name in files}


def test_sdist_has_every_file_of_the_checkout_once(built, kept):
    assert names(built["sdist"]) == kept | {"PKG-INFO"}


@pytest.mark.parametrize("how", ["wheel", "wheel of the sdist"])
def test_wheel_has_every_file_of_every_room_once(built, kept, how):
    found = {name for name in names(built[how]) if ".dist-info/" not in name}
    examples = {f"dynaproof/{name}" for name in kept if name.startswith("examples/")}
    assert examples
    assert found == {name for name in kept if name.startswith("dynaproof/")} | examples
    assert {
        "dynaproof/__init__.pyi",
        "dynaproof/py.typed",
        "dynaproof/checkers/linearizability/picture.html",
    } <= found
    assert all(f"dynaproof/{room}/__init__.py" in found for room in ROOMS)


def test_wheel_of_the_sdist_is_the_wheel(built):
    def content(path):
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}

    assert content(built["wheel of the sdist"]) == content(built["wheel"])


def environment_with(wheel, folder):
    """The Python of a new environment with a wheel: the dependencies are found where the tests run."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    asked = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    # A path in a .pth file: the dependencies are found there, the checkout installed beside them is not.
    Path(asked.strip(), "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    if importlib.util.find_spec("pip") is not None:
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-compile"]
    else:
        uv = shutil.which("uv")
        assert uv is not None, "the environment was made by uv, which is gone"
        pip = [uv, "pip", "install", "--offline", "--python", python]
    run(*pip, "--no-deps", "--quiet", wheel, cwd=folder)
    return python


@pytest.fixture(scope="module", params=BUILDS)
def installed(request, built, tmp_path_factory):
    """An environment of its own with one of the wheels, and the folder of a user."""
    place = tmp_path_factory.mktemp("installed")
    python, own = environment_with(built[request.param], place / "environment"), place / "own"
    own.mkdir()
    for name, text in {
        "model.py": OWN_MODEL, "specs.py": OWN_SPECS, "script.py": OWN_SCRIPT, "test_own.py": OWN_TEST,
    }.items():  # fmt: skip
        (own / name).write_text(text, encoding="utf-8")
    return request.param, python, own


def test_installed_package_is_the_one_that_is_imported(installed, root):
    how, python, own = installed
    where = run(python, "-c", "import dynaproof.model.language as one; print(one.__file__)", cwd=own).strip()
    home = root if how == "editable" else python.parents[1]
    assert Path(where).is_relative_to(home)


def test_command_works_beside_own_files(installed):
    _, python, own = installed
    assert run(python.with_name("dynaproof"), "version", cwd=own).startswith(
        f"dynaproof {dynaproof.__version__}"
    )


def test_module_works_beside_own_files(installed):
    _, python, own = installed
    assert "one_leader_per_ballot" in run(python, "-m", "dynaproof", "specs", cwd=own)


def test_script_works_beside_own_files(installed):
    _, python, own = installed
    assert run(python, "script.py", cwd=own) == "12\n"


def test_pytest_works_beside_own_files(installed):
    _, python, own = installed
    assert "1 passed" in run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=own)


@pytest.mark.parametrize("room", ROOMS)
def test_bare_import_of_a_room_names_the_right_one(root, room):
    done = subprocess.run(
        [sys.executable, "-c", f"import {room}"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"ImportError: import dynaproof.{room}, not {room}" in done.stderr
