"""A user's own strategy, by `FILE.py:NAME` or as a class; and their own spec beside those of a scenario."""

from pathlib import Path

import msgspec
import pytest

import dynaproof
from dynaproof import cli
from dynaproof.checkers.user_file import imported

RING = Path(__file__).resolve().parents[2] / "examples" / "protocols" / "ring.py"

STRATEGIES = '''\
from collections.abc import Iterator

from dynaproof import Event, Nodes, RandomWalk, Violation, spec

NUMBER = 3


class Newest(RandomWalk):
    """What was enabled last happens first, one time in two."""

    def pop(self) -> Event | None:
        bag = self._bag or self._timers
        if not bag or self.index(("newest", "", 0), 2):
            return super().pop()
        event = bag[-1]
        self.discard(event)
        return event


class Raises(RandomWalk):
    def pop(self):
        return self.bag[-1]


class Keeps(RandomWalk):
    def pop(self):
        return (self._bag or self._timers)[0]


class Silent(RandomWalk):
    def pop(self):
        return None


class Far(RandomWalk):
    def index(self, label, n):
        return n


class Loses(RandomWalk):
    def drain(self):
        return super().drain()[1:]


class NotMade(RandomWalk):
    def __init__(self, seed):
        super().__init__(seed)


@spec("always")
def nobody_leads(view: Nodes) -> Iterator[Violation]:
    """No node ever leads."""
    for node in view.nodes.values():
        if node.leader == node.number:
            yield Violation(f"{node.name} leads")


@spec("sometimes")
def somebody_leads(view: Nodes) -> bool:
    """Some node leads."""
    return any(node.leader == node.number for node in view.nodes.values())


@spec("always")
def all_is_well(view: Nodes) -> bool:
    """Nodes have the names that they are found by."""
    return all(node.name == name for name, node in view.nodes.items())
'''


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(STRATEGIES, encoding="utf-8")
    (tmp_path / "ring.py").write_text(RING.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path / "mine.py"


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.main(list(arguments))
    return code, *capsys.readouterr()


def test_a_strategy_by_file_and_as_a_class_is_the_same_in_one_process_and_in_two(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = {}
    for jobs in ("1", "2"):
        code, out, said = called(
            capsys,
            *("explore", "ring.py:RING", "--strategy", "mine.py:Newest", "--schedules", "6", "--jobs", jobs),
        )
        assert code == 0, said
        digests[jobs] = out.split()[-1]
    assert digests["1"] == digests["2"]
    newest = imported(mine).Newest
    given = dynaproof.explore("ring.py:RING", schedules=6, strategies=newest)
    assert (given.strategy, given.digest) == ("mine.py:Newest", digests["1"])
    assert dynaproof.explore("ring.py:RING", schedules=6, strategies="random").digest != given.digest
    far = dynaproof.explore("ring.py:RING", schedules=6, strategies=str(mine.resolve()) + ":Newest")
    assert far.digest == given.digest, "what is drawn depends on where the file lies"
    turns = dynaproof.explore("ring.py:RING", schedules=2, strategies=["timed", newest])
    assert turns.strategy == "timed,mine.py:Newest"


def test_a_strategy_in_no_file_is_for_one_process(mine: Path) -> None:
    class Mine(dynaproof.RandomWalk):
        """Defined where no other process finds it."""

    assert dynaproof.explore("ring.py:RING", schedules=2, strategies=[Mine]).failures == ()
    with pytest.raises(cli.UserError, match="the strategy Mine stands in no file"):
        dynaproof.explore("ring.py:RING", schedules=2, strategies=[Mine], jobs=2)
    with pytest.raises(cli.UserError, match="by name or as classes, and a int is neither"):
        dynaproof.explore("ring.py:RING", schedules=2, strategies=[3])  # type: ignore[list-item]


def test_its_failing_run_is_kept_and_replayed(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(
        capsys,
        *("explore", "ring.py:RING", "--strategy", "mine.py:Newest", "--spec", "mine.py:nobody_leads"),
        *("--schedules", "2", "--out", "runs"),
    )
    assert code == 1
    assert "leads" in out
    (first, *_) = sorted(Path("runs").glob("*.json"))
    assert first.name.startswith("nobody_leads-mine.py-Newest-")
    kept = msgspec.json.decode(first.read_bytes())["config"]
    assert kept["scenario"] == "ring.py:RING with mine.py:nobody_leads"
    assert kept["strategy"] == "mine.py:Newest"
    code, out, _ = called(capsys, "replay", str(first))
    assert code == 1
    assert "promised: No node ever leads." in out
    assert "the same run" in out


def test_a_spec_of_ones_own_is_judged_and_changes_no_run(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = dynaproof.explore("ring.py:RING", schedules=6)
    both = "ring.py:RING with mine.py:all_is_well with mine.py:somebody_leads"
    added = dynaproof.explore(both, schedules=6)
    assert plain.digest == added.digest
    assert added.sometimes["somebody_leads"] > 0
    code, out, _ = called(
        capsys, "explore", "ring.py:RING", "--spec", "mine.py:somebody_leads", "--schedules", "4"
    )
    assert code == 0
    assert "sometimes: somebody_leads" in out
    for spec, said in (
        (
            "mine.py:NUMBER",
            "mine.py:NUMBER is a int, and what is added to a scenario is a @spec or a Refinement",
        ),
        ("mine.py:nothing", "mine.py has no nothing; it has "),
        ("yours.py:one", "yours.py: there is no such file"),
    ):
        code, _, told = called(capsys, "explore", "ring.py:RING", "--spec", spec, "--schedules", "1")
        assert code == 2
        assert said in told
        assert told.count("\n") == 1
    code, _, told = called(capsys, "explore", "--spec", "mine.py:nobody_leads", "--schedules", "1")
    assert code == 2
    assert "partition with mine.py:nobody_leads: the spec nobody_leads is over a Nodes" in told


MISTAKES = {
    "Raises": "mine.py:Raises: pop raised AttributeError: 'Raises' object has no attribute 'bag' (mine.py",
    "Keeps": "mine.py:Keeps: pop gave Event(",
    "Silent": "mine.py:Silent: pop gave None while ",
    "Far": "mine.py:Far: index gave ",
    "Loses": "mine.py:Loses: drain gave ",
    "NotMade": "mine.py:NotMade: __init__ raised TypeError: ",
    "NUMBER": "mine.py:NUMBER is a int, and a strategy is a class with add, discard, pop, index, ",
    "Nobody": "mine.py has no Nobody; it has ",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_strategy_is_one_sentence_and_status_2(
    mine: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, _, said = called(
        capsys, "explore", "ring.py:RING", "--strategy", f"mine.py:{name}", "--schedules", "2"
    )
    assert code == 2
    assert MISTAKES[name] in said
    assert "Traceback" not in said
