"""Why a campaign cannot begin, or go on."""


class CampaignError(Exception):
    """A campaign cannot go on from what was kept: `message` says why, `hint` what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
