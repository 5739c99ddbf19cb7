"""What `import dynaproof` gives: its names, their types and documentation, and what is not loaded."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dynaproof

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"numba", "numpy", "z3", "rich", "cyclopts", "hypothesis", "llvmlite"}
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", API, re.DOTALL)


def loaded_after(statement: str) -> set[str]:
    """The modules that a fresh process has after a statement."""
    program = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.split(".")[0] == "dynaproof"}


def tops(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


def test_the_import_loads_nothing_of_ours_and_nothing_else() -> None:
    before, after = loaded_after("import importlib"), loaded_after("import dynaproof")
    assert ours(after) == {"dynaproof"}
    assert after - before == {"dynaproof"}


def test_the_boundary_of_nodes_loads_only_itself() -> None:
    modules = loaded_after("import dynaproof.impl.node")
    assert ours(modules) == {"dynaproof", "dynaproof.impl", "dynaproof.impl.node"}
    assert not tops(modules) & HEAVY


def test_a_name_loads_its_home_and_no_engine() -> None:
    modules = loaded_after("from dynaproof import Node, Message, Timer, Note, NodeId, spec, Violation")
    assert not tops(modules) & HEAVY
    assert not {name for name in ours(modules) if name.startswith("dynaproof.checkers")}


def test_a_users_file_and_a_campaign_load_no_machine_code() -> None:
    modules = loaded_after("from dynaproof import Kind, Scenario, explore, replay, shrink, trace, bug, Edit")
    assert not tops(modules) & {"numba", "llvmlite", "z3", "rich", "cyclopts"}


def test_the_verifier_of_certificates_loads_no_decider() -> None:
    modules = loaded_after("import dynaproof.checkers.certificates")
    assert not {name for name in ours(modules) if name.startswith("dynaproof.checkers.linearizability")}
    assert not tops(modules) & {"numba", "llvmlite", "z3"}


@pytest.mark.parametrize("name", dynaproof.__all__)
def test_each_name_is_there(name: str) -> None:
    assert getattr(dynaproof, name) is not None
    assert name in dir(dynaproof)


def test_no_other_name_is_public() -> None:
    with pytest.raises(AttributeError, match=r"dynaproof has no public name 'explorer'"):
        _ = dynaproof.explorer  # type: ignore[attr-defined]


def test_the_stub_has_the_same_names() -> None:
    tree = ast.parse((ROOT / "dynaproof" / "__init__.pyi").read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    (listed,) = (node.value for node in tree.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(listed) == dynaproof.__all__
    assert imported == set(dynaproof.__all__)
    assert dynaproof.__all__ == sorted(dynaproof.__all__, key=lambda name: (not name.isupper(), name))


def test_every_name_is_documented_and_no_other() -> None:
    documented = [
        name
        for heading in re.findall(r"^### (.*)$", API, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", heading)
    ]
    assert sorted(documented) == sorted(dynaproof.__all__)
    for name in dynaproof.__all__:
        assert any(re.search(rf"\b{name}\b", block) for block in BLOCKS), f"{name} has no example"


def test_every_method_of_the_disk_and_of_the_environment_is_documented() -> None:
    for protocol in (dynaproof.Disk, dynaproof.Env):
        for name in vars(protocol):
            if not name.startswith("_"):
                assert re.search(rf"`{name}\b", API), f"{protocol.__name__}.{name} is not documented"


def test_every_example_of_the_documentation_runs(tmp_path: Path) -> None:
    """The blocks are one program, each on what those before it made; `assert` says what comes of it."""
    assert len(BLOCKS) > 5
    (tmp_path / "api.py").write_text("\n\n".join(BLOCKS), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "api.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
