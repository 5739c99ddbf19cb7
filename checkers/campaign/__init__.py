"""Many runs of a scenario: `explore` drives a campaign, `outcomes` gives the runs alone.

A campaign's digest depends on scenario, strategy, seed and number of schedules, and on nothing else.
"""

from dynaproof.checkers.campaign.errors import CampaignError
from dynaproof.checkers.campaign.exploring import MOST_FAILURES, Campaign, Listener, explore
from dynaproof.checkers.campaign.schedules import REPRODUCIBLE, Totals, numbers, outcomes
from dynaproof.checkers.campaign.state import Found, State

__all__ = [
    "MOST_FAILURES",
    "REPRODUCIBLE",
    "Campaign",
    "CampaignError",
    "Found",
    "Listener",
    "State",
    "Totals",
    "explore",
    "numbers",
    "outcomes",
]
