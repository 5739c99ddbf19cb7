"""`./run` makes its environment from nothing, once, and says clearly what is missing.

The set-up itself (downloads, half a minute) is what CI begins with; here stand-ins take the place of Python
and uv.
"""

import os
import shutil
import subprocess

import pytest

SYSTEM = ("sh", "cat", "cksum", "dirname", "head", "mkdir", "mv", "rm", "rmdir", "sed", "sleep")

# What `./run` asks of a Python, noted in a file: whether it is suitable, a venv, and pip's installations.
PYTHON = """
case "$1 $2" in
"-c "*) exit 0 ;;
"-m venv") mkdir -p "$3/bin"; cat "$0" >"$3/bin/python"; chmod +x "$3/bin/python"
    printf '#!/bin/sh\\necho "dynaproof $*"\\n' >"$3/bin/dynaproof"; chmod +x "$3/bin/dynaproof"
    echo venv >>"$NOTES" ;;
"-m pip") echo "pip $*" >>"$NOTES"; [ ! -e "$NOTES.fail" ] ;;
"-m pytest") shift 2; echo "pytest $* in $(pwd)" ;;
*) echo "python $*" ;;
esac
"""
UV = """
echo "uv $1 $2" >>"$NOTES"
case "$1" in
venv) for folder in "$@"; do :; done; NOTES=/dev/null python3 -m venv "$folder" ;;
esac
"""


class Place:
    """A copy of `./run` with its own PATH: the system's tools, and the stand-ins that a test adds."""

    def __init__(self, root, folder):
        self.folder = folder / "a place"
        self.programs = folder / "programs"
        self.notes = folder / "notes"
        self.folder.mkdir()
        self.programs.mkdir()
        for name in ("run", "pyproject.toml", "requirements.lock", "requirements-lint.lock"):
            shutil.copy(root / name, self.folder)
        for name in (*SYSTEM, "chmod"):
            found = shutil.which(name)
            assert found is not None
            (self.programs / name).symlink_to(found)

    def add(self, name, text):
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        program.chmod(0o755)
        return program

    def run(self, *arguments, **environment):
        return subprocess.run(
            [str(self.folder / "run"), *arguments],
            cwd=self.programs,
            env={"PATH": str(self.programs), "NOTES": str(self.notes), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def taken_notes(self):
        text = self.notes.read_text(encoding="utf-8") if self.notes.exists() else ""
        self.notes.unlink(missing_ok=True)
        return text


@pytest.fixture
def place(root, tmp_path):
    return Place(root, tmp_path)


def test_without_python_it_says_what_to_install(place):
    done = place.run("version")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Python 3.11 to 3.14 is needed, and none was found" in done.stderr
    assert "apt install python3" in done.stderr
    assert not (place.folder / ".venv.lock").exists()


def test_a_named_python_that_is_too_old_is_refused_by_name(place):
    old = place.add("old-python", "exit 1")
    done = place.run("version", DYNAPROOF_PYTHON=str(old))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"DYNAPROOF_PYTHON is {old}, which is no Python 3.11 to 3.14." in done.stderr


def test_an_old_python3_and_a_shim_that_does_not_run_are_passed_by(place):
    place.add("python3", "exit 1")
    place.add("python3.13", "exit 127")
    place.add("python3.11", PYTHON)
    done = place.run("explore", "--seed", "7")
    assert (done.returncode, done.stdout) == (0, "dynaproof explore --seed 7\n")


def test_a_python_without_venv_is_told_apart_and_leaves_nothing_behind(place):
    place.add("python3", 'case "$1" in -c) exit 0 ;; *) echo "No module named venv" >&2; exit 1 ;; esac')
    done = place.run("version")
    assert (done.returncode, done.stdout) == (2, "")
    assert "python3 cannot make an environment: its venv or ensurepip module is missing." in done.stderr
    assert not (place.folder / ".venv").exists()
    assert not (place.folder / ".venv.lock").exists()


def test_the_first_use_installs_the_lock_with_hashes_and_the_second_nothing(place):
    place.add("python3", PYTHON)
    assert place.run("version").returncode == 0
    venv, locked, project = place.taken_notes().splitlines()
    assert venv == "venv"
    assert "--require-hashes" in locked
    assert locked.endswith("/a place/requirements.lock")
    assert "--no-deps" in project
    done = place.run("version")
    assert (done.stdout, done.stderr) == ("dynaproof version\n", "")
    assert place.taken_notes() == ""


def test_uv_is_preferred_where_there_is_one(place):
    place.add("python3", PYTHON)
    place.add("uv", UV)
    done = place.run("version")
    assert (done.returncode, done.stdout) == (0, "dynaproof version\n")
    assert place.taken_notes() == "uv venv --quiet\nuv pip install\nuv pip install\n"


def test_a_changed_lock_is_installed_into_the_same_environment(place):
    place.add("python3", PYTHON)
    place.run("version")
    place.taken_notes()
    with (place.folder / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    done = place.run("version")
    assert done.stdout == "dynaproof version\n"
    assert "the lock has changed" in done.stderr
    notes = place.taken_notes()
    assert "venv\n" not in notes
    assert "--require-hashes" in notes


def test_a_set_up_that_failed_half_way_is_done_again_from_the_start(place):
    place.add("python3", PYTHON)
    (place.notes.with_name("notes.fail")).touch()
    done = place.run("version")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the locked dependencies could not be installed" in done.stderr
    place.taken_notes()
    place.notes.with_name("notes.fail").unlink()
    assert place.run("version").stdout == "dynaproof version\n"
    assert place.taken_notes().startswith("venv\n")


def test_a_folder_that_has_moved_gets_a_new_environment(place):
    place.add("python3", PYTHON)
    place.run("version")
    place.taken_notes()
    place.folder = place.folder.rename(place.folder.with_name("another place"))
    assert place.run("version").stdout == "dynaproof version\n"
    assert place.taken_notes().startswith("venv\n")


def test_the_lock_of_a_set_up_that_died_is_taken_over(place):
    place.add("python3", PYTHON)
    dead = subprocess.Popen(["true"])
    dead.wait()
    (place.folder / ".venv.lock").mkdir()
    (place.folder / ".venv.lock" / "pid").write_text(f"{dead.pid}\n", encoding="utf-8")
    assert place.run("version").stdout == "dynaproof version\n"
    assert not (place.folder / ".venv.lock").exists()


def test_tests_run_in_the_project_and_commands_where_they_are_called(place):
    place.add("python3", PYTHON)
    assert place.run("test", "-k", "two words").stdout == f"pytest -k two words in {place.folder}\n"
    assert place.run("python", "-V").stdout == "python -V\n"
    assert place.run("check", "history.txt").stdout == "dynaproof check history.txt\n"


def test_a_folder_that_may_not_be_written_to_is_refused_at_once(place):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    place.add("python3", PYTHON)
    place.folder.chmod(0o555)
    done = place.run("version")
    place.folder.chmod(0o755)
    assert (done.returncode, done.stdout) == (2, "")
    assert "may not be written to" in done.stderr


def test_it_is_plain_posix_shell(root):
    if shutil.which("dash") is None:
        pytest.skip("there is no dash on this machine")
    subprocess.run(["dash", "-n", str(root / "run")], check=True)
