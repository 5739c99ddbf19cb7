"""What a model may not call its variables and actions."""

import pytest

from model.language import Int, Model, ModelError, action, always


class Shadowing(Model):
    """Its action has the name by which the language reads variables."""

    count = Int(0, 1)

    @action
    def read(self) -> None:  # type: ignore[override]
        """What it does never matters."""
        self.count = 1

    @always
    def true(self) -> bool:
        """Nothing is wrong."""
        return True


def test_name_that_every_model_has_is_refused() -> None:
    with pytest.raises(ModelError, match="'read' means something else in every model"):
        Shadowing()
