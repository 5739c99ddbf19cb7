"""A protocol in a file of a user's own: explored, replayed, shrunk, traced, its seeded bugs hunted, and each
mistake of a beginner told with the line of their code.
"""

import subprocess
import sys
from pathlib import Path

import pytest

import dynaproof
from dynaproof import cli

RING = '''\
"""Leader election on a ring (Chang and Roberts, 1979)."""

from collections.abc import Iterator

from dynaproof import Edit, Env, Kind, Message, Node, NodeId, Nodes, Note
from dynaproof import Scenario, Timer, Violation, bug, spec

NAMES = ("a", "b", "c", "d")


class Elect(Message):
    name: str
    why: str = ""


class Tick(Timer):
    pass


class BecameLeader(Note):
    name: str


class Unheard(Note):
    name: str


class Ring(Node):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.leader = ""

    def on_start(self) -> None:
        self.env.set_timer(100_000, Tick())

    def on_tick(self, timer: Tick) -> None:
        if not self.leader:
            self.forward(self.name)
            self.env.set_timer(100_000, Tick())

    def forward(self, name: str) -> None:
        self.send(NAMES[(NAMES.index(self.name) + 1) % len(NAMES)], Elect(name))

    def on_elect(self, sender: NodeId, message: Elect) -> None:
        if message.name > self.name:
            self.forward(message.name)
        elif message.name == self.name:
            self.leader = self.name
            self.env.note(BecameLeader(self.name))


@spec("always", source="Chang and Roberts, 1979")
def one_leader(view: Nodes) -> Iterator[Violation]:
    """At most one node leads."""
    leaders = [node.name for node in view.nodes.values() if node.leader]
    if len(leaders) > 1:
        yield Violation(f"{' and '.join(leaders)} lead")


@spec("sometimes", on=(BecameLeader,))
def d_is_elected(view: Nodes) -> bool:
    """The greatest is elected."""
    return any(note.name == "d" for note in view.take(BecameLeader))


@spec("eventually")
def somebody_leads(view: Nodes) -> bool:
    """Once the faults have stopped, somebody leads."""
    return any(node.leader for node in view.nodes.values())


RING = Scenario(
    name="ring",
    sentence="four nodes elect the greatest",
    kinds=(Kind(node=Ring, names=NAMES),),
    specs=(one_leader, somebody_leads),
    sometimes=(d_is_elected,),
    faults=("partition", "slow node", "message loss"),
)

bugs = (
    bug(
        "takes any name",
        "A smaller name elects whoever gets it.",
        Edit(__name__, "message.name == self.name", "message.name <= self.name", within="Ring.on_elect"),
    ),
    bug(
        "never begins",
        "No node puts itself forward.",
        Edit(__name__, "if not self.leader:", "if self.leader:", within="Ring.on_tick"),
    ),
)
'''


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ring.py").write_text(RING, encoding="utf-8")
    return tmp_path / "ring.py"


def written(ring: Path, name: str, old: str, new: str) -> Path:
    """The same file with one place changed."""
    assert RING.count(old) == 1, old
    file = ring.with_name(f"{name}.py")
    file.write_text(RING.replace(old, new), encoding="utf-8")
    return file


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.main(list(arguments))
    return code, *capsys.readouterr()


def line_of(file: Path, text: str) -> int:
    return next(n for n, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if text in line)


def test_it_keeps_its_promises_alike_in_one_process_and_in_two(
    ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = []
    for jobs in ("1", "2"):
        code, out, _ = called(capsys, "explore", "ring.py:RING", "--schedules", "24", "--jobs", jobs)
        assert code == 0, out
        assert "sometimes: d_is_elected" in out
        assert "never seen" not in out
        digests.append(out.split()[-1])
    assert digests[0] == digests[1]


def test_its_seeded_bugs_are_found_shrunk_replayed_and_traced(
    ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ring.with_name("kills")
    code, told, said = called(
        capsys, "mutants", "ring.py:RING", "--schedules", "20", "--jobs", "2", "--out", str(out)
    )
    assert code == 0, said
    assert "one_leader" in told
    assert "somebody_leads" in told
    run = str(out / "takes any name.json")
    code, told, _ = called(capsys, "replay", run)
    assert code == 1
    assert "the same run" in told
    assert "promised: At most one node leads." in told
    code, told, _ = called(capsys, "shrink", run)
    assert code == 0
    code, told, _ = called(capsys, "trace", run)
    assert code == 0
    assert told.count("gets Elect (name ") >= 2
    code, told, _ = called(capsys, "mutants", "ring.py:RING", "takes any name", "--diff")
    assert "+        elif message.name <= self.name:" in told
    code, _, said = called(capsys, "mutants", "ring.py:RING", "takes a name")
    assert code == 2
    assert "did you mean takes any name?" in said


def test_a_bug_whose_text_has_gone_is_an_error(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(ring, "drift", '"message.name == self.name", "', '"message.name is self.name", "')
    code, _, said = called(capsys, "mutants", "drift.py:RING", "--schedules", "1")
    assert code == 2
    assert "takes any name: its old text stands 0 times in Ring.on_elect" in said


def test_its_scenarios_and_specs_are_listed(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(capsys, "scenarios", "ring.py")[1].split()[0] == "ring.py:RING"
    told = called(capsys, "specs", "ring.py")[1]
    assert "At most one node leads." in told
    assert "handlers_never_raise" in told


def test_the_functions_do_what_the_commands_do(ring: Path) -> None:
    clean = dynaproof.explore("ring.py:RING", schedules=8, strategies=["timed", "pos"])
    assert (clean.schedules, clean.failures) == (8, ())
    assert clean.sometimes["d_is_elected"] > 0
    assert clean.digest in clean._repr_html_()
    written(ring, "broken", "elif message.name == self.name:", "elif message.name <= self.name:")
    found = dynaproof.explore("broken.py:RING", schedules=8, folder="runs", most_failures=1)
    assert [one.spec for one in found.failures] == ["one_leader"]
    (one,) = found.failures
    assert one.run is not None
    again = dynaproof.replay(one.run)
    assert again.same
    assert again.failure == found.runs[0].result.failure
    assert "lead" in str(again)
    small = dynaproof.shrink(one.run, out="small.json")
    assert small.failure.step <= one.shrunk_events
    assert dynaproof.replay("small.json").same
    steps = dynaproof.trace(one.run).steps
    assert len(steps) == one.shrunk_events
    assert any("leader: " in change for change in steps[-1].changes())


MISTAKES = {
    "an attribute that is not there": (
        "self.leader = self.name\n",
        "self.leader = self.nmae\n",
        "handlers_never_raise",
        "AttributeError: 'Ring' object has no attribute 'nmae' ({file}, line {line}, in on_elect: ",
    ),
    "a message that can change": (
        ", Elect(name))",
        ", Elect([name]))",
        "handlers_never_raise",
        (
            "the field name of Elect holds a list, which cannot be hashed or can change after sending; "
            "use a tuple, a frozenset or a frozen Struct ({file}, line {line}, in forward: "
        ),
    ),
    "a message to nobody": (
        "self.send(NAMES[(NAMES.index(self.name) + 1) % len(NAMES)], Elect(name))",
        "self.send(self.name + '2', Elect(name))",
        "handlers_never_raise",
        "2', and there is no such node; there are a, b, c, d ({file}, line {line}, in forward: ",
    ),
    "a plain name instead of a NodeId": (
        "kinds=(Kind(node=Ring, names=NAMES),)",
        "kinds=(Kind(node=Ring, names=tuple(NodeId('eu', 'a', name) for name in NAMES)),)",
        "handlers_never_raise",
        ("', and there is no such node by its plain name: a kind has it as NodeId('eu', 'a', '"),
    ),
    "a NodeId instead of a plain name": (
        "self.send(NAMES[(NAMES.index(self.name) + 1) % len(NAMES)], Elect(name))",
        "self.send(NodeId('eu', 'a', 'b'), Elect(name))",
        "handlers_never_raise",
        (
            " sends Elect to 'b', and there is no such node as NodeId('eu', 'a', 'b'): a kind has it by its "
            "plain name, 'b', so send to that ({file}, line {line}, in forward: "
        ),
    ),
    "a message that is changed": (
        "            self.forward(message.name)\n",
        "            message.name = self.name\n",
        "handlers_never_raise",
        "AttributeError: immutable type: 'Elect' ({file}, line {line}, in on_elect: ",
    ),
    "a message nobody handles": (
        "Elect(name))",
        (
            "Other(name))\n\n\nclass Other(Message):\n    name: str\n\n\nclass Ring(Ring):\n    pass\n\n"
            "    def other(self) -> None:\n        self.send('a', Other('a'))"
        ),
        "handlers_never_raise",
        "Ring has no handler for Other; give it one: def on_other(self, sender: NodeId, message: Other)",
    ),
    "a spec that raises": (
        "for node in view.nodes.values() if node.leader]",
        "for node in view.nodes.values() if node.leder]",
        "specs_never_raise",
        "the spec one_leader itself raised AttributeError: the node a has no leder ({file}, line {line}, in ",
    ),
    "a note that no method names": (
        "            self.env.note(BecameLeader(self.name))\n",
        (
            "            self.env.note(BecameLeader(self.name))\n            told(self)\n\n\n"
            "def told(node):\n    node.env.note(Text('elected'))\n\n\nclass Text(Note):\n    text: str\n"
        ),
        "handlers_never_raise",
        "no method of the node names Text, so it would not be heard: Kind(notes=(Text,))",
    ),
    "a situation that raises": (
        'any(note.name == "d" for note in view.take(BecameLeader))',
        'any(note.nme == "d" for note in view.take(BecameLeader))',
        "specs_never_raise",
        "the spec d_is_elected itself raised AttributeError: 'BecameLeader' object has no attribute 'nme'",
    ),
    "a spec that gives neither yes nor no": (
        "return any(node.leader for node in view.nodes.values())",
        "return sum(1 for node in view.nodes.values() if node.leader)",
        "specs_never_raise",
        "the spec somebody_leads itself raised TypeError: it gave ",
    ),
    "chance": (
        "self.env.set_timer(100_000, Tick())\n\n    def on_tick",
        "import random\n        self.env.set_timer(random.randrange(100_000), Tick())\n\n    def on_tick",
        "runs_are_reproducible",
        "{file}: line {line} calls random.randrange",
    ),
    "the wall clock": (
        "self.env.set_timer(100_000, Tick())\n\n    def on_tick",
        "from time import time_ns\n        self.env.set_timer(time_ns() % 99_000, Tick())\n\n    def on_tick",
        "runs_are_reproducible",
        "{file}: line {line} calls time.time_ns",
    ),
    "the order of a set in what is said": (
        ", Elect(name))",
        ", Elect(name, ''.join({*'0123456789'})))",
        "runs_are_reproducible",
        "under other PYTHONHASHSEEDs: it depends on the order of a set, on hash() or on id()",
    ),
    "the order of a set": (
        "            self.env.set_timer(100_000, Tick())\n",
        "            self.env.set_timer(int(''.join({*'0123456789'})) // 10_000, Tick())\n",
        "runs_are_reproducible",
        "under other PYTHONHASHSEEDs: it depends on the order of a set, on hash() or on id()",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_line(ring: Path, mistake: str) -> None:
    old, new, broken, said = MISTAKES[mistake]
    file = written(ring, "mistaken", old, new)
    found = dynaproof.explore("mistaken.py:RING", schedules=4, most_failures=1)
    failure = found.runs[0].result.failure
    assert failure is not None
    assert failure.spec == broken
    changed = next(line for line in reversed(new.replace("    def on_tick", "").splitlines()) if line.strip())
    expected = said.format(file="mistaken.py", line=line_of(file, changed.strip()))
    assert expected in failure.sentence


REFUSED = {
    "a file that does not import": ("NAMES = (", "NAMES = missing + (", "mistaken.py, line 8: NameError: "),
    "a handler without a type": (
        "message: Elect)",
        "message)",
        (
            "line 44: Ring.on_elect has its parameter message annotated without a type; it must be a class "
            "that inherits from Message"
        ),
    ),
    "two handlers of one type": (
        "    def forward(",
        "    def on_again(self, timer: Tick) -> None: ...\n\n    def forward(",
        "handles Tick, and so does on_again; one type has one handler",
    ),
    "a handler that would run later": (
        "    def on_elect(",
        "    async def on_elect(",
        "Ring.on_elect is async, or yields; a handler runs from its begin to its end, one atomic action",
    ),
    "a handler that is none": (
        "    def forward(",
        "    on_fire = True\n\n    def forward(",
        "Ring.on_fire is no method",
    ),
    "a fact that nobody tells": (
        "on=(BecameLeader,)",
        "on=(Unheard,)",
        "the spec d_is_elected looks at Unheard, which nobody files in this run",
    ),
    "a scenario without nodes": (
        "kinds=(Kind(node=Ring, names=NAMES),)",
        "kinds=()",
        "the scenario ring has no nodes: kinds=(A_KIND, ...)",
    ),
    "a kind that is in no tuple": (
        "kinds=(Kind(node=Ring, names=NAMES),)",
        "kinds=Kind(node=Ring, names=NAMES)",
        "the scenario ring has a Kind as its kinds, which is a tuple: kinds=(...,)",
    ),
    "a spec that is in no tuple": (
        "specs=(one_leader, somebody_leads)",
        "specs=one_leader",
        "the scenario ring has a Spec as its specs, which is a tuple: specs=(...,)",
    ),
    "a fault that is in no tuple": (
        '("partition", "slow node", "message loss")',
        '"crash"',
        "the scenario ring has 'crash' as its faults, which is a tuple: faults=(...,)",
    ),
    "no specs": ("specs=(one_leader, somebody_leads)", "specs=()", "specs=(), and so no promise of its own"),
    "a length that is no number": (
        'name="ring",',
        'name="ring", length="5",',
        "the scenario ring has length='5'; it takes a whole number from 0 on",
    ),
    "a negative time": (
        'name="ring",',
        'name="ring", settle_us=-1,',
        "the scenario ring has settle_us=-1; it takes a whole number from 0 on",
    ),
    "an unknown end": (
        'name="ring",',
        'name="ring", ends=("most",),',
        "the scenario ring has ends=('most',); there are all, majority, gray",
    ),
    "no end": ('name="ring",', 'name="ring", ends=(),', "the scenario ring has ends=(); there are all, "),
    "names that are numbers": ("names=NAMES", "names=(1, 2)", "Kind(names=(1, 2)): 1 is no name; "),
    "two nodes of one name": (
        "names=NAMES",
        'names=("a", "a")',
        "Kind(names=('a', 'a')): two nodes are named a",
    ),
    "two nodes of one name in two kinds": (
        "Kind(node=Ring, names=NAMES),",
        "Kind(node=Ring, names=NAMES), Kind(node=Ring, names=NAMES),",
        "the scenario ring has two nodes named a, of two kinds",
    ),
    "a kind without a place": (", names=NAMES)", ")", "Ring has no place: give the names of its nodes"),
    "an unknown fault": ('"partition", ', '"partitoin", ', "has no fault 'partitoin'; there are crash, "),
    "a spec that is none": ("specs=(one_leader,", "specs=(NAMES,", "which is no @spec"),
    "a node that cannot be made": (
        'self.leader = ""',
        "self.leader = nobody",
        "made: NameError: name 'nobody' is not defined (mistaken.py, line 31, in __init__",
    ),
}


@pytest.mark.parametrize("refused", REFUSED)
def test_bad_input_is_one_sentence_and_status_2(
    ring: Path, capsys: pytest.CaptureFixture[str], refused: str
) -> None:
    old, new, expected = REFUSED[refused]
    written(ring, "mistaken", old, new)
    code, _, said = called(capsys, "explore", "mistaken.py:RING", "--schedules", "1")
    assert code == 2
    assert expected in said
    assert said.count("\n") == 1


def test_what_is_not_in_the_file_or_of_another_kind_is_said(
    ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, expected in (
        ("ring.py:RNG", "ring.py has no RNG; it has "),
        ("ring.py:Ring", "ring.py:Ring is the class Ring, and a scenario is a Scenario (ring.py has RING)"),
        ("ring.py:NAMES", "ring.py:NAMES is a tuple, and a scenario is a Scenario (ring.py has RING)"),
        ("rng.py:RING", "rng.py: there is no such file"),
    ):
        code, _, said = called(capsys, "explore", name, "--schedules", "1")
        assert code == 2
        assert expected in said


def test_exploring_at_the_level_of_a_module_is_refused_where_others_import_it(
    ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = RING.replace("bugs = (", "import dynaproof\n\ndynaproof.explore(RING, schedules=1)\n\nbugs = (")
    ring.with_name("eager.py").write_text(text, encoding="utf-8")
    code, _, said = called(capsys, "explore", "eager.py:RING", "--schedules", "1")
    assert code == 2
    line = line_of(ring.with_name("eager.py"), "dynaproof.explore(")
    assert f"eager.py, line {line}: eager.py explores while it is imported, as other processes do too" in said
    assert said.count("\n") <= 2


def test_what_a_handler_prints_is_not_taken_for_an_order(ring: Path) -> None:
    written(
        ring,
        "mistaken",
        "    def on_elect(self, sender: NodeId, message: Elect) -> None:\n",
        ("    def on_elect(self, sender: NodeId, message: Elect) -> None:\n        print('heard')\n"),
    )
    assert not dynaproof.explore("mistaken.py:RING", schedules=4, most_failures=1).runs


def test_a_handler_that_raises_is_told_with_its_step_and_the_line_that_replays_it(ring: Path) -> None:
    written(ring, "raises", "self.leader = self.name\n", "self.leader = self.nmae\n")
    found = dynaproof.explore("raises.py:RING", schedules=4, most_failures=1, folder="runs")
    failure, (one,) = found.runs[0].result.failure, found.failures
    assert failure is not None
    assert f"handlers_never_raise fails at step {failure.step}: " in str(found)
    assert f"replay: dynaproof replay {one.run}" in str(found)
    kept_nowhere = dynaproof.explore("raises.py:RING", schedules=4, most_failures=1)
    assert "replay: dynaproof" not in str(kept_nowhere)


def test_a_scenario_object_is_found_by_other_processes(ring: Path) -> None:
    script = ring.with_name("script.py")
    script.write_text(
        "import dynaproof, ring\n"
        "if __name__ == '__main__':\n"
        "    one, two = (dynaproof.explore(ring.RING, schedules=8, jobs=jobs) for jobs in (1, 2))\n"
        "    assert one.scenario == two.scenario == 'ring.py:RING', one.scenario\n"
        "    print(one.digest == two.digest)\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=ring.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


def test_a_scenario_whose_faults_may_all_fail_to_take_effect_is_explored(ring: Path) -> None:
    written(ring, "rare", '("partition", "slow node", "message loss")', '("crash in sync",)')
    assert dynaproof.explore("rare.py:RING", schedules=4).schedules == 4


def test_a_protocol_that_says_too_much_to_settle_is_told_the_steps_and_the_time(ring: Path) -> None:
    text = RING.replace(
        "            self.env.set_timer(100_000, Tick())\n", "        self.env.set_timer(100, Tick())\n"
    )
    text = text.replace(
        "view.nodes.values())\n\n\nRING", 'view.nodes.values() if node.name == "a")\n\n\nRING'
    )
    text = text.replace('name="ring",', 'name="ring", end_steps=500,')
    ring.with_name("chatty.py").write_text(text, encoding="utf-8")
    found = dynaproof.explore("chatty.py:RING", schedules=1, most_failures=1)
    failure = found.runs[0].result.failure
    assert failure is not None
    assert failure.spec == "ends_settle"
    assert "500 events of the end took " in failure.sentence
    assert (
        " us, and settle_us=10,000,000 were to pass: set fewer timers, or raise end_steps" in failure.sentence
    )
    assert dynaproof.replay(found.runs[0]).same


def test_a_protocol_that_falls_silent_before_it_has_settled_is_judged(ring: Path) -> None:
    text = RING.replace("if not self.leader:\n", "if self.env.now < 1_000_000:\n")
    text = text.replace(
        "view.nodes.values())\n\n\nRING", 'view.nodes.values() if node.name == "a")\n\n\nRING'
    )
    ring.with_name("silent.py").write_text(text, encoding="utf-8")
    found = dynaproof.explore("silent.py:RING", schedules=1, most_failures=1)
    assert [one.spec for one in found.failures] == ["somebody_leads"]


def test_a_file_imports_its_neighbours(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In each process of a campaign, and from wherever it is named."""
    folder = ring.with_name("protocol")
    folder.mkdir()
    (folder / "ring_names.py").write_text('NAMES = ("a", "b", "c", "d")\n', encoding="utf-8")
    text = RING.replace('NAMES = ("a", "b", "c", "d")', "from ring_names import NAMES")
    (folder / "beside.py").write_text(text, encoding="utf-8")
    code, _, said = called(capsys, "explore", "protocol/beside.py:RING", "--schedules", "4", "--jobs", "2")
    assert code == 0, said


def test_a_handler_that_ends_the_process_is_reported_with_its_line(ring: Path) -> None:
    file = written(ring, "exits", "self.leader = self.name\n", "raise SystemExit(3)\n")
    found = dynaproof.explore("exits.py:RING", schedules=4, most_failures=1)
    failure = found.runs[0].result.failure
    assert failure is not None
    assert failure.spec == "handlers_never_raise"
    assert (
        f"SystemExit: 3 (exits.py, line {line_of(file, 'raise SystemExit(3)')}, in on_elect: "
        in failure.sentence
    )
