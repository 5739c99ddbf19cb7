"""`dynaproof model`: what it prints, in which form, and how it ends."""

import json

import pytest

from dynaproof.checkers.state_space.catalogue import NAMES, find
from dynaproof.cli import main

KEYS = [
    "model", "constants", "distinct", "generated", "depth", "seconds", "states_per_second", "peak_mb",
    "exhausted", "violation", "unjudged", "never_enabled", "never_seen", "true_at_once", "deadlocks",
    "deadlock_depth", "provenance",
]  # fmt: skip

BROKEN = """
from dynaproof.model.language import Int, Model, action, always, require

class Broken(Model):
    n = Int(0, 3)

    @action
    def step(self):
        self.n = self.n + 2

    @always
    def small(self):
        return self.n <= 3
"""
WAITS = """
from dynaproof.model.language import Bool, Model, action, eventually, require

class Waits(Model):
    done = Bool()
    light = Bool()

    @action
    def blink(self):
        self.light = not self.light

    @action
    def finish(self):
        self.done = True

    @eventually
    def finishes(self):
        return self.done
"""


def run(capsys, *arguments):
    code = main(["model", *arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_json_has_exactly_the_promised_keys(capsys):
    code, out, err = run(capsys, "two_phase_commit", "--set", "rms=5", "--json")
    shown = json.loads(out)
    assert (code, err) == (0, "")
    assert list(shown) == KEYS
    counts = (shown["distinct"], shown["generated"], shown["depth"])
    assert (shown["model"], shown["constants"], *counts) == (
        "two_phase_commit", {"rms": 5}, 8_832, 58_146, 17,
    )  # fmt: skip
    assert shown["exhausted"]
    assert shown["violation"] is None


def test_counterexample_is_shortest_and_names_actions_and_changed_variables(capsys):
    code, out, _ = run(capsys, "two_phase_commit", "--bug", "CommitsWithoutAll")
    assert code == 0  # The seeded bug is caught.
    assert "consistent is violated, in 5 steps" in out
    lines = out.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("1. "))
    assert lines[at].startswith("1. rm_")
    assert lines[at + 1].strip().startswith("rm_state = (")


def test_violation_ends_with_one_and_is_in_the_json(capsys, tmp_path):
    file = tmp_path / "waits.py"
    file.write_text(WAITS)
    code, out, _ = run(capsys, str(file), "--json")
    violation = json.loads(out)["violation"]
    assert code == 1
    assert violation["name"] == "finishes"
    assert violation["states"][0] == {"done": "False", "light": "False"}


def test_model_error_names_action_line_and_value(capsys, tmp_path):
    file = tmp_path / "broken.py"
    file.write_text(BROKEN)
    code, out, err = run(capsys, str(file))
    assert (code, out) == (2, "")
    assert err == f"dynaproof: {file}: step(): n: 4 is not in 0..3 (line 9)\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "FILE: there is no model in it: no class that derives from Model"),
        ("def f(:", "FILE, line 1: SyntaxError: invalid syntax"),
        ("\nimport nowhere_at_all", "FILE, line 2: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        (
            f"{BROKEN}\nclass Other(Broken): pass",
            "FILE: there are 2 models in it: name one of them, as in FILE:Broken",
        ),
    ],
)
def test_file_without_one_model_is_refused_and_named_once(capsys, tmp_path, text, message):
    file = tmp_path / "key.py"
    file.write_text(text)
    code, out, err = run(capsys, str(file))
    assert (code, out) == (2, "")
    assert err == f"dynaproof: {message.replace('FILE', str(file))}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["paxxos"], "did you mean paxos?"),
        (["paxos", "--set", "acceptor=3"], "did you mean acceptors?"),
        (["paxos", "--set", "acceptors=three"], "a constant is set as NAME=NUMBER"),
        (["paxos", "--bug", "BalotReused"], "did you mean BallotReused?"),
        (["paxos", "--induction", "one_value"], "no invariant 'one_value'"),
        (["paxos", "one_value_chosen"], "an invariant is named only with --induction"),
        (["paxos", "--threads", "0"], "--threads is 0"),
        (["paxos", "--set", "acceptors=0"], "Acceptor has 0 members; it needs at least one"),
        (["paxos", "--set", "values=-1"], "Value has -1 members; it needs at least one"),
        (["two_phase_commit", "--graph", "s.svg", "--symmetry"], "so --symmetry would change nothing"),
        (["two_phase_commit", "--graph", "s.svg", "--max-states", "9"], "so --max-states would change"),
        (["two_phase_commit", "--graph", "states.png"], "the name must end in .svg or .graphml"),
        (["paxos", "--graph", "states.svg"], "there are more than 2000 states"),
        (["nowhere.py"], "dynaproof: nowhere.py: there is no such file\n"),
    ],
)
def test_bad_input_is_one_line_and_ends_with_two(capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_limit_says_not_exhausted_and_what_was_covered(capsys):
    code, out, _ = run(capsys, "paxos", "--max-states", "5000")
    assert code == 3
    assert "not exhausted (limit of states)" in out
    code, out, _ = run(capsys, "paxos", "--max-states", "5000", "--json")
    assert code == 3
    shown = json.loads(out)
    assert not shown["exhausted"]
    assert 5_000 <= shown["distinct"] < 20_000


def test_a_seeded_bug_that_a_limit_saves_is_neither_killed_nor_alive(capsys):
    code, _, err = run(capsys, "paxos", "--bug", "all", "--max-states", "2")
    assert code == 3
    assert "is not violated before the limit" in err


@pytest.mark.parametrize("arguments", [["paxos"], ["paxos", "--threads", "2"], []])
def test_interrupted_exploration_reports_what_it_has_found(capsys, monkeypatch, arguments):
    monkeypatch.setattr("dynaproof.checkers.state_space.engine.SLICE", 500)

    def reporter(_):
        def report(states, *_):
            if states > 5_000:
                raise KeyboardInterrupt

        return report

    monkeypatch.setattr("dynaproof.commands.model._reporter", reporter)
    monkeypatch.setattr("dynaproof.checkers.state_space.catalogue.NAMES", {"paxos": NAMES["paxos"]})
    code, out, err = run(capsys, *arguments, "--json")
    shown = json.loads(out)
    assert (code, err) == (130, "dynaproof: interrupted\n")
    assert list(shown) == KEYS
    assert (shown["exhausted"], shown["violation"]) == (False, None)
    assert 5_000 < shown["distinct"] < shown["generated"]
    code, out, _ = run(capsys, *arguments)
    assert code == 130
    assert "no violation so far, not exhausted (limit of interruption)" in out


def test_interrupted_check_of_liveness_is_not_exhausted(capsys, monkeypatch, tmp_path):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("dynaproof.checkers.state_space.liveness.check_liveness", interrupted)
    file = tmp_path / "waits.py"
    file.write_text(WAITS)
    code, out, _ = run(capsys, str(file), "--json")
    shown = json.loads(out)
    assert (code, shown["exhausted"], shown["violation"]) == (130, False, None)


def test_interruption_ends_the_hunt_for_all_bugs(capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("dynaproof.commands.model._reporter", lambda _: interrupted)
    code, out, _ = run(capsys, "paxos", "--bug", "all", "--json")
    assert code == 130
    assert len(out.splitlines()) == 1


def test_induction_and_bounded_checking_answer_in_json(capsys):
    code, out, _ = run(capsys, "two_phase_commit", "--bmc", "4", "--json")
    assert code == 0
    assert json.loads(out)["holds"]
    code, out, _ = run(capsys, "two_phase_commit", "--induction", "--json")
    shown = json.loads(out)
    assert code == 1  # `consistent` alone says too little to be inductive.
    assert (shown["holds"], shown["broken"]) == (False, "consistent")
    assert len(shown["states"]) == 2


def test_list_has_every_model_with_bounds_states_and_verdict(capsys, monkeypatch):
    two = {name: NAMES[name] for name in ("two_phase_commit", "paxos")}
    monkeypatch.setattr("dynaproof.checkers.state_space.catalogue.NAMES", two)
    code, out, _ = run(capsys)
    assert code == 0
    assert "two_phase_commit  rms=3\n           80 states, depth  11" in out
    assert "paxos             acceptors=3, values=2, max_ballot=2" in out


def test_the_list_takes_an_inherited_action_that_never_happens_for_no_failure(capsys, monkeypatch):
    narrowed = {"after_one_loss": NAMES["after_one_loss"]}
    monkeypatch.setattr("dynaproof.checkers.state_space.catalogue.NAMES", narrowed)
    code, out, _ = run(capsys)
    assert code == 0
    assert "never enabled: promise_lost, propose_config" in out


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_model_of_the_list_can_be_explored_with_symmetry_where_it_has_any(name, capsys):
    code, out, _ = run(
        capsys, name, "--max-states", "20", *(["--symmetry"] if find(name)().symmetric else [])
    )
    assert code in (0, 3)
    assert f"{name} (" in out


BUGS = """
from dynaproof.model.language import Int, Model, action, always, require, sometimes

class Counts(Model):
    n = Int(0, 5)

    @action
    def step(self):
        require(self.n < self.end())
        self.n = self.n + 1

    def end(self):
        return 2

    @always
    def small(self):
        return self.n < 3

    @always
    def tiny(self):
        return self.n < 3

    @sometimes
    def moves(self):
        return self.n == 2

class Runs(Counts, violates="tiny"):
    def end(self):
        return 3

class Stands(Counts, violates="moves"):
    def end(self):
        return 0

class Harmless(Counts, violates="small"):
    def end(self):
        return 1
"""


def test_each_bug_is_judged_by_its_own_promise_and_all_of_them_end_in_a_table(capsys, tmp_path):
    file = tmp_path / "counts.py"
    file.write_text(BUGS)
    code, out, err = run(capsys, str(file), "--bug", "all")
    rows = [line.split()[:3] for line in out.splitlines()[-4:]]
    assert rows == [
        ["bug", "promise", "steps"],
        ["Runs", "tiny", "3"],  # `small`, which it breaks as well, is left aside.
        ["Stands", "moves", "-"],  # A `sometimes` is broken by being seen in no state.
        ["Harmless", "small", "-"],
    ]
    assert (code, err) == (1, "Harmless: small should be violated, and is not\n")
    code, out, _ = run(capsys, str(file), "--bug", "Runs", "--json")
    shown = json.loads(out)
    assert (code, shown["violation"]["name"], len(shown["violation"]["steps"])) == (0, "tiny", 4)


def test_liveness_that_cannot_be_judged_leaves_safety_reported(capsys, monkeypatch, tmp_path):
    from dynaproof.checkers.state_space.transitions import TooManyStatesError

    def too_many(_):
        raise TooManyStatesError("there are more than 500000 states")

    monkeypatch.setattr("dynaproof.checkers.state_space.liveness.check_liveness", too_many)
    file = tmp_path / "waits.py"
    file.write_text(WAITS)
    code, out, _ = run(capsys, str(file), "--json")
    shown = json.loads(out)
    assert (code, shown["exhausted"], shown["distinct"], shown["violation"]) == (0, True, 4, None)
    assert shown["unjudged"] == [{"promise": "finishes", "because": "more than 500,000 states"}]


def test_memory_has_a_bound_by_default(capsys, monkeypatch):
    monkeypatch.setattr("dynaproof.checkers.state_space.memory.half_of_available_mb", lambda: 3)
    code, out, _ = run(capsys, "paxos")
    assert code == 3
    assert "not exhausted (limit of memory)" in out
    monkeypatch.undo()
    from dynaproof.checkers.state_space.memory import half_of_available_mb

    assert half_of_available_mb() > 0
