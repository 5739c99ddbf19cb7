"""Runs of a user's protocol followed through their own model, by `--refine FILE.py:NAME`."""

import json
from pathlib import Path

import msgspec
import pytest

import dynaproof
from dynaproof import cli
from dynaproof.checkers.processes import CHUNK

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

RING_MODEL = '''\
from dynaproof import Array, Int, Model, Refinement, Scalar, action, require


class Ring(Model):
    """Each node learns who leads once; before, it knows of nobody."""

    Node = Scalar(4)
    leader = Array(Node, Int(0, 4))

    @action(n=Node)
    def win(self, n):
        require(self.leader[n] == 0)
        require(all(known == 0 for known in self.leader))
        self.leader[n] = 4

    @action(n=Node)
    def learn(self, n):
        require(self.leader[n] == 0)
        require(any(known == 4 for known in self.leader))
        self.leader[n] = 4

    @action(n=Node)
    def crash(self, n):
        require(self.leader[n] == 4)
        self.leader[n] = 0


def abstract(nodes):
    return {"leader": tuple(0 if node.running is None else node.running.leader for node in nodes.values())}


def raises(nodes):
    return {"leader": nodes["nobody"]}


def other(nodes):
    return {"leaders": ()}


def lists(nodes):
    return {"leader": [0, 0, 0, 0]}


REFINES = Refinement(Ring(), abstract)
RAISES = Refinement(Ring(), raises)
OTHER = Refinement(Ring(), other)
LISTS = Refinement(Ring(), lists)
'''


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for file in ("protocols/ring.py", "protocols/raft.py", "models/raft_election.py"):
        (tmp_path / Path(file).name).write_text((EXAMPLES / file).read_text(encoding="utf-8"))
    (tmp_path / "ring_model.py").write_text(RING_MODEL, encoding="utf-8")
    return tmp_path


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.main(list(arguments))
    return code, *capsys.readouterr()


def test_runs_of_raft_follow_its_election(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, said = called(
        capsys,
        *("explore", "raft.py:RAFT", "--refine", "raft_election.py:REFINES"),
        *("--schedules", "1", "--jobs", "2"),
    )
    assert code == 0, out + said


def caught_and_replayed(capsys: pytest.CaptureFixture[str], name: str, bug: str) -> tuple[str, str]:
    """What `mutants` tells of a bug, and how its run fails when it is replayed."""
    code, out, said = called(
        capsys, "mutants", name, bug, "--schedules", "2", "--seed", "5", "--out", "kills"
    )
    assert code == 0, said
    code, told, _ = called(capsys, "replay", f"kills/{bug}.json")
    assert code == 1
    assert "the same run" in told
    failure = dynaproof.replay(f"kills/{bug}.json").failure
    assert failure is not None
    assert "is no step of the model: " in failure.sentence
    assert "; nearest: " in failure.sentence
    return out, failure.sentence


@pytest.mark.slow
def test_a_bug_of_raft_is_caught_by_refinement_and_its_run_replayed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "raft.py:RAFT with raft_election.py:REFINES"
    out, sentence = caught_and_replayed(capsys, name, "counts-old-votes")
    assert "follows_RaftElection" in out
    assert "role from (" in sentence


def test_a_bug_that_breaks_no_spec_is_caught_by_refinement_and_its_run_replayed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (place / "ring.py").read_text(encoding="utf-8")
    specs = "specs=(only_the_greatest_leads, everybody_knows_the_leader)"
    assert text.count(specs) == 1
    fewer = text.replace(specs, "specs=(everybody_knows_the_leader,)")
    (place / "ring.py").write_text(fewer, encoding="utf-8")
    name = "ring.py:RING with ring_model.py:REFINES"
    out, sentence = caught_and_replayed(capsys, name, "passes-every-number")
    assert "follows_Ring" in out
    assert "leader from (" in sentence


def test_runs_of_the_ring_follow_their_model_in_one_process_and_in_two_and_a_wrong_one_is_told(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = set()
    for jobs in ("1", "2"):
        code, out, said = called(
            capsys,
            *("explore", "ring.py:RING", "--refine", "ring_model.py:REFINES"),
            *("--schedules", str(CHUNK + 1), "--jobs", jobs, "--json"),
        )
        assert code == 0, out + said
        digests.add(json.loads(out)["digest"])
    assert len(digests) == 1
    wrong = RING_MODEL.replace("require(any(known == 4 for known in self.leader))", "require(n == 0)")
    assert wrong != RING_MODEL
    (place / "wrong.py").write_text(wrong, encoding="utf-8")
    code, out, _ = called(
        capsys,
        *("explore", "ring.py:RING", "--refine", "wrong.py:REFINES", "--schedules", "2", "--out", "runs"),
    )
    assert code == 1
    assert "is no step of the model: leader from (" in out
    (first, *_) = sorted(Path("runs").glob("follows_Ring-*.json"))
    assert (
        msgspec.json.decode(first.read_bytes())["config"]["scenario"] == "ring.py:RING with wrong.py:REFINES"
    )
    assert dynaproof.replay(first).same


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("RAISES", "the abstraction itself raised KeyError: 'nobody' (ring_model.py, line "),
        ("OTHER", "the abstraction gives leaders; the model has leader"),
        ("LISTS", "the abstraction gives [0, 0, 0, 0] for leader, which is no value: unhashable type"),
    ],
)
def test_a_mistake_in_an_abstraction_is_told(place: Path, name: str, said: str) -> None:
    found = dynaproof.explore(f"ring.py:RING with ring_model.py:{name}", schedules=1)
    failure = found.runs[0].result.failure
    assert failure is not None
    assert failure.spec == "specs_never_raise"
    assert said in failure.sentence


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("Refinement(Ring, abstract)", "a refinement has a model, as MyModel(), and not <class "),
        ("Refinement(Ring(), 3)", "a refinement's abstract is a function of the nodes, and not 3"),
        ("Refinement(Ring(), abstract, 0)", "a step may be at least one action of the model, not 0"),
    ],
)
def test_a_refinement_that_says_nothing_is_refused_with_its_line(
    place: Path, capsys: pytest.CaptureFixture[str], made: str, said: str
) -> None:
    text = RING_MODEL.replace("REFINES = Refinement(Ring(), abstract)", f"REFINES = {made}")
    (place / "mistaken.py").write_text(text, encoding="utf-8")
    code, _, told = called(
        capsys, "explore", "ring.py:RING", "--refine", "mistaken.py:REFINES", "--schedules", "1"
    )
    assert code == 2
    line = text.splitlines().index(f"REFINES = {made}") + 1
    assert f"mistaken.py, line {line}: {said}" in told
