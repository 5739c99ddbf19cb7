"""Wrong models, each with the sentence that it must get: `wrong_models/` has one for each mistake."""

import json
from pathlib import Path

import pytest

from dynaproof.cli import main

FOLDER = Path(__file__).parent / "wrong_models"
ALIKE = "whose members are interchangeable with --symmetry"
CASES = [
    (
        "names_a_member",
        ["--symmetry"],
        2,
        f"in_order: `self.mark[1]` names a member of Site, {ALIKE} (line 20)",
    ),
    ("names_a_member", [], 1, "in_order is violated, in 1 step"),
    ("orders_members", ["--symmetry"], 2, f"in_order: `s < other` orders members of Site, {ALIKE} (line 20)"),
    (
        "computes_with_members",
        ["--symmetry"],
        2,
        f"in_order: `s + 1` computes with a member of Site, {ALIKE} (line 20)",
    ),
    (
        "picks_the_first_member",
        ["--symmetry"],
        2,
        f"in_order: `self.Site[0]` picks a member by its place in Site, {ALIKE} (line 20)",
    ),
    (
        "hides_a_member",
        ["--symmetry"],
        2,
        "put tells members 0 and 1 of Site apart, and with --symmetry they must be alike: explore without it",
    ),
    ("hides_a_member", [], 0, "no violation, exhausted"),
    (
        "mixes_two_sets",
        ["--symmetry"],
        2,
        f"take: `self.owner = s` takes a member of Server for one of Client, {ALIKE} (line 16)",
    ),
    (
        "symmetry_without_a_set",
        ["--symmetry"],
        0,
        "--symmetry changes nothing: no variable of the model has a Scalar",
    ),
    (
        "unknown_label",
        [],
        2,
        "never_broken: `self.mode != 'brokn'` always holds: 'brokn' is not in Enum('idle', 'busy') (line 19)",
    ),
    (
        "unknown_message",
        [],
        2,
        "answer: `('aks', s) in self.msgs` can never hold: there is no message 'aks' among ask (line 21)",
    ),
    (
        "violates_no_promise:Fine",
        [],
        2,
        "violates_no_promise.py, line 27: Broken: violates='fien' names no promise; its promises: fine",
    ),
    (
        "overrides_nothing:Fine",
        [],
        2,
        (
            "overrides_nothing.py, line 27: Broken overrides nothing of Fine: no decision is wrong; "
            "it defines may_go_onn"
        ),
    ),
    (
        "type_as_variable",
        [],
        0,
        "Level declares a variable that nothing reads or writes, and mark uses it as a type",
    ),
    ("variable_as_type", [], 2, "step(): `self.n`: a Range declares no variable (line 15)"),
    (
        "reads_after_writing",
        [],
        0,
        "`self.n` is its value before the step, though line 16 has written it",
    ),
    ("failing_assert", [], 1, "assert of step, line 15: it stays small fails, in 4 steps"),
    (
        "none_in_arithmetic",
        [],
        2,
        "step(0): `self.last[s]` is None and cannot be used in `self.last[s] + 1` (line 16)",
    ),
    ("never_seen:NeverSeen", [], 1, "never seen: at_the_end"),
    ("never_seen:NeverSeen", [], 1, "never enabled: leap"),
    ("never_seen:Fewer", [], 0, "never seen: at_the_end"),
    ("never_seen:NeverSeen", ["--set", "top=2"], 0, "never seen: at_the_end"),
    ("never_seen:NeverSeen", ["--without", "leap"], 0, "never seen: at_the_end"),
    ("never_seen:NeverSeen", ["--allow-unreachable", "at_the_end"], 0, "never seen: at_the_end"),
    ("never_seen:NeverSeen", ["--allow-unreachable", "at_end"], 2, "did you mean at_the_end?"),
    ("deadlock", [], 0, "deadlock: nothing is enabled in 1 state, the nearest after 2 steps"),
    ("deadlock", ["--deadlock"], 1, "deadlock, in 2 steps"),
    ("stuck_for_ever", [], 1, "led can no longer come true, in 1 step"),
    ("stuck_for_ever", ["--symmetry"], 1, "led can no longer come true, in 1 step"),
    ("stuck_for_ever", ["--max-states", "2"], 3, "not judged: led (limit of states)"),
    ("stuck_for_ever", ["--por"], 0, "not judged: led (partial order reduction)"),
    ("true_at_once", [], 0, "true at once: begins"),
    ("true_at_once", ["--only", "ends"], 0, "no violation, exhausted"),
    ("true_at_once", ["--only", "end"], 2, "TrueAtOnce has no promise 'end'; its promises: begins, ends"),
    ("true_at_once", ["--without", "step"], 1, "ends may never come true"),
    ("true_at_once", ["--without", "steps"], 2, "TrueAtOnce has no action 'steps'; its actions: step"),
    ("true_at_once", ["--max-states", "1"], 3, "not judged: ends (limit of states)"),
]


@pytest.mark.parametrize(("name", "options", "status", "sentence"), CASES)
def test_wrong_model_gets_its_sentence(capsys, name, options, status, sentence):
    file, _, chosen = name.partition(":")
    path = f"{FOLDER / file}.py" + (f":{chosen}" if chosen else "")
    code = main(["model", path, *options])
    told = capsys.readouterr()
    assert sentence in told.out + told.err
    assert code == status


def test_every_wrong_model_has_a_sentence():
    named = {name.partition(":")[0] for name, *_ in CASES}
    assert named == {file.stem for file in FOLDER.glob("*.py")}


def test_what_is_vacuous_is_in_the_json(capsys):
    main(["model", str(FOLDER / "never_seen.py:NeverSeen"), "--json"])
    main(["model", str(FOLDER / "true_at_once.py"), "--max-states", "1", "--json"])
    seen, at_once = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (seen["never_seen"], seen["never_enabled"]) == (["at_the_end"], ["leap"])
    assert (seen["deadlocks"], seen["deadlock_depth"], seen["violation"]) == (1, 2, None)
    assert (at_once["true_at_once"], at_once["exhausted"]) == (["begins"], False)
    because = "limit of states"
    assert at_once["unjudged"] == [{"promise": name, "because": because} for name in ("begins", "ends")]


def test_warning_is_given_once_for_each_place(capsys):
    main(["model", str(FOLDER / "reads_after_writing.py")])
    assert capsys.readouterr().err.count("warning") == 1


@pytest.mark.parametrize(
    ("trial", "options", "status", "sentence"),
    [
        ("model_asymmetric", ["--symmetry"], 2, f"`self.x[1]` names a member of P, {ALIKE} (line 10)"),
        ("model_asymmetric", [], 1, "first_before_second is violated, in 1 step"),
        ("model_crash", [], 0, "no violation, exhausted\n  7 distinct states of 18 generated, depth 4"),
    ],
)
def test_given_trial_gets_its_verdict(capsys, shared_data, tmp_path, trial, options, status, sentence):
    given = shared_data.parent / "trials" / f"{trial}.py"
    if not given.exists():
        pytest.skip("no trials of models beside the project")
    file = tmp_path / given.name
    file.write_text(given.read_text(encoding="utf-8").replace("from model.", "from dynaproof.model."))
    code = main(["model", str(file), *options])
    told = capsys.readouterr()
    assert sentence in told.out + told.err
    assert code == status
