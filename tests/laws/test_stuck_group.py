"""Rule 14 as it once stood gets a group stuck after one loss; as it stands now it does not.

The two models are a user's drafts, which lie beside the project; the promise is stated here.
"""

from pathlib import Path
from types import ModuleType

import pytest

from dynaproof.checkers.state_space.explore import Result, explore
from dynaproof.checkers.state_space.interpreter import Interpreter
from dynaproof.checkers.user_file import imported
from dynaproof.model.language import ModelError
from dynaproof.model.language.model import narrowed

PROMISE = '''

class {name}Promises({name}):
    """That ballot 2 can still be led, and get something chosen above the config."""

    @always_possible
    def can_be_led_again(self):
        return self.role[2] == "leader" and self.chosen(2, 2)
'''


@pytest.fixture(scope="module")
def drafts(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The drafts with the promise added, under the names that packages have now."""
    draft = shared_data.parent / "models" / "admission.py"
    if not draft.exists():
        pytest.skip("no draft of admission beside the project")
    text = draft.read_text(encoding="utf-8").replace("from model.", "from dynaproof.model.")
    text = text.replace("import action, always,", "import action, always, always_possible,")
    file = tmp_path_factory.mktemp("drafts") / "admission.py"
    named = "".join(PROMISE.format(name=name) for name in ("AfterOneLoss", "StuckAfterOneLoss"))
    file.write_text(text + named, encoding="utf-8")
    try:
        return imported(file)
    except ModelError as error:
        if "ImportError" not in error.problem and "ModuleNotFoundError" not in error.problem:
            raise
        pytest.skip(f"the draft extends a model that is gone: {error}")


def test_group_is_stuck_by_the_old_rule(drafts: ModuleType) -> None:
    made = drafts.StuckAfterOneLossPromises()
    result = explore(made, symmetry=True)
    assert result.violation is not None
    assert (result.violation.name, result.violation.kind) == ("can_be_led_again", "always_possible")
    assert len(result.violation.trace) == 1  # It is stuck from the start: nobody who is left may promise.
    assert (result.distinct, result.generated, result.depth) == (40, 160, 8)
    alone = narrowed(made, promise="can_be_led_again")
    slow, full = Interpreter(alone).explore(), explore(alone)
    assert full.violation is not None
    assert (slow.violated, slow.trace) == ("can_be_led_again", full.violation.trace)


def test_group_is_not_stuck_by_the_new_rule(drafts: ModuleType) -> None:
    result: Result = explore(drafts.AfterOneLossPromises(), symmetry=True)
    assert (result.exhausted, result.violation, result.unjudged) == (True, None, ())
    assert (result.distinct, result.generated, result.depth) == (285, 1_276, 18)
