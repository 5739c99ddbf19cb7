"""The project's own promises: its parts agree, its arrows hold, its files are fit to be read anywhere."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import networkx
import pytest

import dynaproof
from dynaproof.cli import COMMANDS

PACKAGES = ("model", "impl", "specs", "checkers", "dynaproof")
SERVER = "dynaproof.impl.server"
LINES_AT_MOST = 440  # "about 400"

# What each folder may import of ours; ARCHITECTURE.md has the same table.
ARROWS = {
    "model": set(),
    "impl": set(),
    "specs": set(),
    "checkers": {"specs", "model", "impl"},
    "dynaproof": {"model", "impl", "specs", "checkers"},
}


@pytest.fixture(scope="module")
def pyproject(root):
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


def modules(root):
    return sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))


def project_files(root):
    """The files that are, or would be, committed."""
    if not (root / ".git").exists():
        pytest.skip("not a checkout: nothing says which files are the project's")
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    return sorted(path for name in names if name and (path := root / name).is_file())


# ---- parts agree


def test_version_is_the_same_everywhere(root):
    citation = re.search(r"^version: (\S+)$", (root / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    changelog = re.search(r"^## (\d\S*)", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert citation is not None
    assert changelog is not None
    assert dynaproof.__version__ == citation.group(1) == changelog.group(1)


def test_every_package_is_built_typed_and_measured(root, pyproject):
    assert pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["dynaproof"]
    assert pyproject["tool"]["mypy"]["packages"] == ["dynaproof"]
    assert pyproject["tool"]["pyright"]["include"] == ["dynaproof"]
    assert pyproject["tool"]["coverage"]["run"]["source"] == ["dynaproof"]
    assert pyproject["tool"]["importlinter"]["root_packages"] == ["dynaproof"]
    assert (root / "dynaproof" / "py.typed").is_file()
    for room in PACKAGES[:-1]:
        assert (root / "dynaproof" / room).readlink() == Path("..") / room


@pytest.mark.parametrize("room", PACKAGES[:-1])
def test_a_bare_import_of_a_folder_names_the_right_one(root, room):
    command = [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, '.'); import {room}"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert f"ImportError: import dynaproof.{room}, not {room}" in done.stderr


def test_python_m_is_the_command(root):
    done = subprocess.run(
        [sys.executable, "-m", "dynaproof", "version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"dynaproof {dynaproof.__version__}")


def test_every_folder_with_an_init_at_the_top_is_a_known_package(root):
    found = {path.parent.name for path in root.glob("*/__init__.py") if not path.parent.name.startswith(".")}
    assert found == set(PACKAGES)


def test_every_module_says_what_it_is(root):
    silent = [
        str(path.relative_to(root))
        for path in modules(root)
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_every_module_tells_one_story(root):
    lengths = {str(path.relative_to(root)): path.read_text("utf-8").count("\n") for path in modules(root)}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_AT_MOST} == {}


def test_names_of_test_files_are_unique(root):
    names = [path.name for path in (root / "tests").rglob("*.py")]
    assert sorted(set(names)) == sorted(names)
    assert list((root / "tests").rglob("__init__.py")) == []


def test_no_file_names_a_machine_or_an_index(root):
    """Nothing of where a file was written: no absolute home or work folder, no package index."""
    alien = re.compile(
        r"""(?<![\w.$}/-])/(?:home|root|Users|work|mnt|opt)/[\w.-]"""
        r"|(?:files\.pythonhosted|pypi|registry\.npmjs|crates)\.(?:org|io)|^--(?:index-url|extra-index-url|find-links)",
        re.MULTILINE,
    )
    found = []
    for path in project_files(root):
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(root)}: {match.group()}" for match in alien.finditer(text)]
    assert found == []


def test_every_locked_requirement_has_a_version_and_a_hash(root):
    for lock in ("requirements.lock", "requirements-lint.lock"):
        text = (root / lock).read_text("utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[\w,-]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", line), (
                line
            )


def test_every_dependency_has_a_lower_bound_and_is_locked(root, pyproject):
    groups = pyproject["dependency-groups"]
    wanted = pyproject["project"]["dependencies"] + groups["build"] + groups["test"]
    locked = re.findall(
        r"^([a-z0-9._-]+)(?:\[[\w,-]+\])?==", (root / "requirements.lock").read_text("utf-8"), re.MULTILINE
    )
    for requirement in wanted:
        name, bound = re.fullmatch(r"([a-z0-9._-]+)(?:\[[\w,]+\])?(>=[\d.]+)", requirement).groups()
        assert bound
        assert name in locked


# ---- arrows


def command_line(root):
    """The modules of `dynaproof` that are no room: what calls the engines."""
    here = [path for path in (root / "dynaproof").iterdir() if not path.is_symlink()]
    names = {path.stem for path in here if path.suffix == ".py" or (path / "__init__.py").is_file()}
    return {f"dynaproof.{name}" for name in names - {"__init__"}}


def test_contracts_forbid_all_that_no_arrow_allows(root, pyproject):
    contracts = {contract["id"]: contract for contract in pyproject["tool"]["importlinter"]["contracts"]}
    for package in PACKAGES:
        forbidden = set(PACKAGES) - ARROWS[package] - {package}
        if forbidden:
            assert contracts[package]["source_modules"] == [f"dynaproof.{package}"]
            rooms = {f"dynaproof.{name}" for name in forbidden - {"dynaproof"}}
            assert set(contracts[package]["forbidden_modules"]) == rooms | command_line(root)
    exceptions = {package for package, contract in contracts.items() if "ignore_imports" in contract}
    assert exceptions - {"circles"} == {"specs", "machine"}


def test_architecture_shows_the_same_arrows(root):
    text = (root / "ARCHITECTURE.md").read_text("utf-8")
    for package, allowed in ARROWS.items():
        (cell,) = re.findall(rf"^\| `{package}/` \|.*\| (.*) \|$", text, re.MULTILINE)
        if package == "dynaproof":
            assert cell == "all"
        elif allowed:
            assert set(re.findall(r"`(\w+)`", cell)) == allowed
        else:
            assert cell.startswith("nothing")


def test_no_modules_import_each_other_in_a_circle(root):
    """What the contract on circles does not see: a package whose modules import the package itself.

    Imports inside functions and for types alone count.
    """
    files = {}
    for path in modules(root):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        files[name if parts[0] == "dynaproof" else f"dynaproof.{name}"] = path
    graph = networkx.DiGraph()
    for module, path in files.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                inside = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in files else node.module for name in inside]
            graph.add_edges_from((module, name) for name in names if name in files)
    assert graph.number_of_edges() > len(files)
    circles = [part for part in networkx.strongly_connected_components(graph) if len(part) > 1]
    assert [sorted(part) for part in circles] == []
    assert [one for one in graph if graph.has_edge(one, one)] == []


def test_nothing_in_impl_imports_the_server(root):
    """The contract on the machine looks through `impl.server`, so nobody else in `impl` may lean on it."""
    leaning = [
        str(path.relative_to(root))
        for path in sorted((root / "impl").rglob("*.py"))
        if path.relative_to(root).parts[:2] != ("impl", "server")
        and "dynaproof.impl.server" in imported(path)
    ]
    assert leaning == []


def imported(path):
    """The modules that a file imports, and for `from a import b` both `a` and `a.b`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {".".join(name.split(".")[:3]) for name in names}


def named_in_contracts(pyproject):
    """The modules of ours that the contracts name."""
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    keys = ("source_modules", "forbidden_modules")
    named = {name for one in contracts for key in keys for name in one.get(key, ())}
    named |= {
        f"{container}.{layer.strip()}"
        for one in contracts
        for container in one.get("containers", ())
        for level in one["layers"]
        for layer in level.split("|")
    }
    return sorted(name for name in named if name.partition(".")[0] == "dynaproof")


@pytest.mark.parametrize(
    ("where", "line", "contract"),
    [
        (
            "checkers/certificates/bent.py",
            "import dynaproof.checkers.linearizability.new_decider",
            "what verifies a certificate imports nothing of what decided",
        ),
        ("model/bent.py", "import dynaproof.impl", "model imports nothing of ours"),
        ("impl/bent.py", "import dynaproof.specs", "impl imports nothing of ours"),
        ("specs/bent.py", "import dynaproof.impl", "specs imports nothing of ours"),
        ("checkers/bent.py", "import dynaproof.cli", "checkers does not import the command line"),
        ("impl/bent.py", "import time", "impl meets the machine only in impl.server"),
        ("impl/paxos.py", "import dynaproof.impl.partition.state", "impl is built in layers"),
        ("impl/partition/bent.py", "import dynaproof.impl.router", "impl is built in layers"),
        (
            "impl/tree.py",
            "import dynaproof.impl.values",
            "journal and tree know nothing of what they hold",
        ),
        (
            "impl/router.py",
            "import dynaproof.impl.partition.state",
            "of a partition, the router knows what it is asked",
        ),
    ],
)
def test_a_bent_arrow_breaks_its_contract(root, pyproject, tmp_path, where, line, contract):
    pytest.importorskip("importlinter", reason="the linters are not installed (./run lint installs them)")
    (tmp_path / "dynaproof").mkdir()
    (tmp_path / "dynaproof" / "__init__.py").touch()
    for room in PACKAGES[:-1]:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
        (tmp_path / "dynaproof" / room).symlink_to(Path("..") / room)
    for folder in ("certificates", "linearizability"):
        (tmp_path / "checkers" / folder).mkdir()
        (tmp_path / "checkers" / folder / "__init__.py").touch()
    (tmp_path / "checkers/linearizability/new_decider.py").touch()  # Named in no contract.
    for module in named_in_contracts(pyproject):
        path = tmp_path.joinpath(*module.split("."))
        if not path.is_dir():
            path = path.with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            path.parent.joinpath("__init__.py").touch()
            path.touch()
    shutil.copy(root / "pyproject.toml", tmp_path)
    assert "0 broken" in lint_imports(tmp_path)
    (tmp_path / where).write_text(line + "\n", encoding="utf-8")
    verdict = lint_imports(tmp_path)
    assert "1 broken" in verdict
    assert re.search(rf"^{contract}.* BROKEN$", verdict, re.MULTILINE)


LINT_IMPORTS = """
import sys
sys.path.insert(0, ".")
from importlinter.cli import lint_imports_command
lint_imports_command()
"""


def lint_imports(folder):
    """What import-linter says of the packages in this folder."""
    command = [sys.executable, "-P", "-c", LINT_IMPORTS, "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


# ---- documents


def test_every_link_between_documents_leads_somewhere(root):
    dead = []
    for page in [*root.glob("*.md"), *(root / "docs").rglob("*.md")]:
        links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        dead += [(page.name, one) for one in links if "://" not in one and not (page.parent / one).exists()]
    assert dead == []


def test_every_command_in_the_documents_exists(root):
    known = {command.name for command in COMMANDS} | {"test", "lint", "python", "COMMAND"}
    strange = []
    for page in [*root.glob("*.md"), *(root / "docs").rglob("*.md")]:
        names = re.findall(r"\./run ([a-zA-Z][\w-]*)", page.read_text("utf-8"))
        strange += [(page.name, name) for name in names if name not in known]
    assert strange == []


def test_every_commit_that_a_document_cites_is_in_the_history(root):
    if not (root / ".git").exists():
        pytest.skip("not a checkout: there is no history")
    if git(root, "rev-parse", "--is-shallow-repository") != "false":
        pytest.skip("a shallow checkout has only the end of the history")
    known = git(root, "rev-list", "HEAD").split()
    lost = []
    for page in [*root.glob("*.md"), *(root / "docs").rglob("*.md")]:
        cited = re.findall(r"\bcommits?:? `?([0-9a-f]{7,40})\b", page.read_text("utf-8"))
        lost += [(page.name, one) for one in cited if not any(commit.startswith(one) for commit in known)]
    assert lost == []


def test_the_changelog_names_every_scenario_and_counts_the_promises_of_a_region(root):
    from dynaproof.checkers.scenarios.catalogue import SCENARIOS
    from dynaproof.specs.promises import OF_A_GROUP, OF_A_REGION

    text = (root / "CHANGELOG.md").read_text("utf-8")
    assert [name for name in SCENARIOS if f"`{name}`" not in text] == []
    assert "Fifty promises of a region" in text
    assert len(OF_A_REGION) - len(OF_A_GROUP) == 50


def git(root, *arguments):
    """What git says of the checkout."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_claims_name_every_promise_of_the_system(root):
    from dynaproof.specs.promises import PROMISES

    text = (root / "docs" / "claims.md").read_text("utf-8")
    judged = [spec.name for spec in PROMISES.values() if spec.kind == "always"]
    assert [name for name in judged if f"`{name}`" not in text] == []


def test_no_word_of_the_glossary_is_explained_twice(root):
    words = re.findall(r"^\| ([^|]+?) \|", (root / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    twice = {word for word in words if words.count(word) > 1} - {"word", "---"}
    assert twice == set()
