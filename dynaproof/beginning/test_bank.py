"""The bank keeps its promise in many runs."""

from bank import BANK


def test_no_money_is_made(explore):
    campaign = explore(BANK, schedules=200)
    assert campaign.sometimes["a_transfer_arrives"] > 0
