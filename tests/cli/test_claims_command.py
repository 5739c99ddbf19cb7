"""`dynaproof claims`: a figure that its command no longer gives is found, one without is an error."""

import json
import re

import pytest

from dynaproof.checkers.claims.running import plan
from dynaproof.cli import main
from dynaproof.commands.claims import documents_of_checkout, read_claims

NOTE = """# Models

<!-- figures
  command: ./run model two_phase_commit --set rms=3 --json
  commit: 30f8342
  seconds: 1
  check: distinct=288 generated={generated} depth=11
-->
All 288 states are explored by 1,146 transitions or 1,147, depth 11, in 0.1 s.
"""
TABLE = """<!-- figures
  command: ./run model dns_plan --bug {bug} --symmetry
  commit: 30f8342
  seconds: 1 CleansUpFirst:900
  rows: steps = "in # steps"
-->
| bug | steps |
| --- | --- |
| `ThreeSteps` | 9 |
| `CleansUpFirst` | 3 |
"""


@pytest.fixture
def claims(tmp_path, capsys):
    def claims(text, *options):
        document = tmp_path / "figures.md"
        document.write_text(text, encoding="utf-8")
        code = main(["claims", str(document), "--results", str(tmp_path / "kept.json"), *options])
        told = capsys.readouterr()
        return code, told.out, told.err

    return claims


def test_a_figure_that_its_command_gives_is_the_same(claims):
    code, out, err = claims(NOTE.format(generated="1,146"), "--json")
    *rows, summary = map(json.loads, out.splitlines())
    assert code == 0
    assert [(row["verdict"], row["said"], row.get("got")) for row in rows] == [
        ("same", "288", "288"), ("same", "1,146", "1146"), ("same", "11", "11"),
        ("not judged", "1,147", None), ("not judged", "0.1", None),
    ]  # fmt: skip
    assert [row["why"] for row in rows[3:]] == ["no check names it", "depends on the machine"]
    assert [summary[key] for key in ("same", "differs", "not_run", "not_judged")] == [3, 0, 0, 2]
    assert err == "1 of 1: ./run model two_phase_commit --set rms=3 --json\n"


def test_a_figure_that_differs_is_marked_and_fails(claims):
    code, out, _ = claims(NOTE.format(generated="1,147"))
    assert code == 1
    assert "DIFFERS: generated is 1,147 of commit 30f8342; got 1146" in out
    assert out.endswith("2 same, 1 differ, 0 not run, 2 not judged\n")


def test_a_figure_without_a_note_is_an_error_that_names_its_line(claims, tmp_path):
    code, out, err = claims("# Speed\n\nNothing yet.\n\nIt takes a while:\n1,234 steps.\n")
    assert (code, out) == (2, "")
    assert f"{tmp_path / 'figures.md'}:6: the figure 1,234 has no note with its command and commit" in err


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("commit: 30f8342", "commit: lately", "'lately' is no commit"),
        ("  commit: 30f8342\n", "", "the note has no commit"),
        ("  command: ./run", "  command: rm", "only commands of ./run are run"),
        ("depth=11", "depth=12", "the note has 12, which does not stand in what it covers"),
        ("depth=11", "depth: 11", "check is pairs PLACE=FIGURE; this is none: depth:"),
        (
            "  check: distinct=288 generated=1,146 depth=11\n",
            "",
            "a note has 'cannot', or something to compare",
        ),
        ("seconds: 1", "seconds: one", "seconds is 'one', not a number"),
        ("figures\n", "figures of today\n", "a note is 'figures' and lines 'key: value'"),
        ("  seconds: 1\n", "  wrong\n", "./run model"),
    ],
)
def test_a_note_that_cannot_be_followed_is_an_error(claims, old, new, told):
    text = NOTE.format(generated="1,146")
    assert old in text
    code, out, err = claims(text.replace(old, new, 1))
    if told == "./run model":  # A line without a key goes on the one before, so the commit is wrong.
        told = "is no commit"
    assert (code, out) == (2, "")
    assert told in err


def test_each_row_has_its_own_command_and_what_does_not_fit_is_listed(claims):
    code, out, _ = claims(TABLE + "| `ThreeSteps`, `CleansUpWhatIsNotNewest` | 9, 5 |\n", "--budget", "1m")
    assert code == 3
    assert "figures.md:9  ./run model dns_plan --bug ThreeSteps --symmetry  same (2)" in out
    assert "--bug CleansUpWhatIsNotNewest --symmetry  same (1)" in out
    assert (
        "CleansUpFirst --symmetry  not run: does not fit into the budget (about 900 s) (commit 30f8342)"
        in out
    )
    assert out.endswith("3 same, 0 differ, 1 not run, 0 not judged\n")


def test_a_command_that_outlives_the_budget_is_stopped_and_not_judged(claims):
    code, out, _ = claims(
        NOTE.format(generated="1,146").replace("seconds: 1", "seconds: 0"), "--budget", "0.01s"
    )
    assert code == 3
    assert "not run: the budget ended while it ran" in out


def test_what_cannot_be_run_is_listed_with_its_reason(claims):
    note = (
        "<!-- figures\ncommand: tlc Paxos\ncommit: 30f8342\ncannot: needs TLC\n-->\n26.80 s, 65,128 states\n"
    )
    code, out, _ = claims(note + "\n" + NOTE.format(generated="1,146"))
    assert code == 0
    assert "tlc Paxos  not run: needs TLC (commit 30f8342)" in out
    assert "not judged: 2 (needs TLC)" in out


def test_lines_of_a_text_are_those_of_the_output(claims):
    command = "./run replay examples/runs/ignores_accepted.json"
    note = f"<!-- figures\ncommand: {command}\ncommit: 30f8342\nlines: yes\n-->\n"
    code, out, _ = claims(
        note + "```\n$ ./run replay ...\nFAILED chosen_entries_agree at step 16\n57 events\n```\n"
    )
    assert code == 1
    assert "DIFFERS: text is 57 events of commit 30f8342; got not in the output (exit status 1)" in out
    assert out.endswith("1 same, 1 differ, 0 not run, 0 not judged\n")


def test_a_resumed_rerun_takes_what_was_kept(claims):
    claims(NOTE.format(generated="1,146"))
    code, _, err = claims(NOTE.format(generated="1,146"), "--resume")
    assert (code, err) == (0, "")


def test_a_note_covers_its_block_section_or_document(claims):
    text = "# One\n\n<!-- no figures in this section: bounds -->\n\n5 s\n\n## Below\n\n6 s\n\n# Two\n\n7 s\n"
    code, _, err = claims(text)
    assert code == 2
    assert "figures.md:13: the figure 7 has no note" in err


@pytest.mark.parametrize("budget", ["0", "-1", "ten", "5d"])
def test_a_budget_that_is_no_time_is_an_error(claims, budget):
    code, _, err = claims(NOTE.format(generated="1,146"), f"--budget={budget}")
    assert code == 2
    assert "it takes a time such as 90s, 10m or 2h" in err


# ---- the documents of this checkout


def test_every_figure_of_the_documents_has_a_command_and_a_commit(root):
    documents = documents_of_checkout()
    assert root / "docs" / "benchmarks" / "simulator.md" in documents
    made, _ = read_claims(tuple(documents))  # Raises for the first figure without them.
    chosen, reasons = plan(made, 600)
    assert len(chosen) > 50
    assert all(reasons[one.command] for one in made if one.command not in chosen)


def test_no_document_holds_a_mark_of_a_conflict():
    marks = re.compile(r"^(<{7}|>{7}|={7})( |$)", re.MULTILINE)
    assert [path.name for path in documents_of_checkout() if marks.search(path.read_text("utf-8"))] == []


def test_a_figure_of_the_documents_is_made_again_and_is_the_same(tmp_path, capsys):
    kept = tmp_path / "kept.json"
    code = main(["claims", "--only", "ThreeSteps", "--results", str(kept), "--json"])
    verdicts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    judged = {(one["document"], one["said"], one["got"]) for one in verdicts if one.get("verdict") == "same"}
    assert code == 0
    assert {
        ("README.md", "9", "9"),
        ("docs/system-models.md", "9", "9"),
        ("docs/proofs.md", "9", "9"),
    } <= judged
    assert verdicts[-1]["differs"] == 0


def test_a_new_figure_in_a_document_needs_a_note(claims, root):
    text = (root / "docs" / "system-models.md").read_text(encoding="utf-8")
    code, _, err = claims(text + "\nThe next model has 123,456 states.\n", "--only", "nothing")
    assert code == 2
    assert "the figure 123,456 has no note" in err
