"""Cards are HTML that needs nothing else, whatever text stands on them: closed, escaped, without network."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dynaproof
from dynaproof.checkers.report import card
from dynaproof.errors import UserError
from dynaproof.model.language import Int, Model, action, always
from dynaproof.model.paxos import Paxos

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DRAWN_ALONE = {"rect"}
LOADED = {"script", "link", "img", "iframe", "object", "embed", "style", "meta"}


class Elements(HTMLParser):
    """The elements and the text of a piece of HTML; each element must be closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()
        assert self.opened == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in DRAWN_ALONE
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def elements(html: str) -> Elements:
    """The elements of a card, which loads nothing and runs nothing."""
    found = Elements(html)
    assert not found.seen & LOADED
    assert found.attributes <= {"style", "width", "height", "role", "x", "y", "font-size", "fill"}
    assert "url(" not in html
    return found


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)


@given(TEXT, TEXT, TEXT, st.integers(0, 10**9))
def test_whatever_text_is_on_a_card_is_shown_as_it_is(name: str, told: str, line: str, number: int) -> None:
    parts = [
        card.sentence(told),
        card.table({name: number}),
        card.bars(name, {line: number, told: 0}),
        card.spans([(line, 3, None), (name, 1, 3)]),
        card.lines([line, told]),
    ]
    found = elements(card.card(name, told, "bad", parts))
    assert found.text.count(name) >= 2
    assert found.text.count(told) >= 2
    assert f"{number:,}" in found.text
    assert "b" in found.seen


def test_nothing_on_a_card_becomes_an_element() -> None:
    assert "i" not in elements(card.card("<i>", "</b><i>", "good", [card.lines(["<i>&amp;"])])).seen


@pytest.fixture(scope="module")
def campaign() -> dynaproof.Campaign:
    return dynaproof.explore(f"{EXAMPLES / 'protocols' / 'tickets.py'}:FORGETFUL", schedules=12)


def test_a_campaign_shows_its_counts_and_each_failure(campaign: dynaproof.Campaign) -> None:
    text = elements(campaign._repr_html_()).text
    assert campaign.failures
    assert f"{len(campaign.failures)} runs break promises" in text
    assert text.count("no_ticket_is_handed_out_twice fails at step") == len(campaign.failures)
    assert f"events{campaign.events:,}" in text
    assert all(f"{fault}{number:,}" in text for fault, number in campaign.faults.items())
    assert campaign.digest in text


def test_a_run_shows_the_promise_what_was_found_and_the_last_steps(campaign: dynaproof.Campaign) -> None:
    run = campaign.runs[0]
    for shown in (dynaproof.replay(run), dynaproof.shrink(run)):
        text = elements(shown._repr_html_()).text
        assert "promised: No ticket is handed out twice." in text
        assert f"found: {shown.failure.sentence}" in text  # type: ignore[union-attr]
        assert str(shown).splitlines()[-1] in text
    steps = elements(dynaproof.trace(run)._repr_html_()).text
    assert all(step.sentence in steps for step in dynaproof.trace(run).steps)


def test_a_verdict_shows_its_cause_and_its_witness() -> None:
    verdict = dynaproof.check(EXAMPLES / "histories" / "stale_read.jsonl")
    found = elements(verdict._repr_html_())
    assert "not linearizable: stale read" in found.text
    assert verdict.sentence in found.text
    assert found.text.count("client ") == len(verdict.witness) > 1
    assert "rect" in found.seen
    kept = elements(dynaproof.check(EXAMPLES / "histories" / "queue.jsonl", "queue")._repr_html_())
    assert "linearizable" in kept.text
    assert "svg" not in kept.seen


class Clock(Model):
    """An hour hand that goes on to thirteen."""

    hour = Int(10, 13)

    @action
    def tick(self) -> None:
        self.hour = 10 if self.hour == 13 else self.hour + 1

    @always
    def on_the_dial(self) -> bool:
        """The hand points at an hour."""
        return self.hour <= 12


def test_a_model_shows_its_counts_or_the_trace_of_its_violation() -> None:
    whole = dynaproof.explore_model(Paxos())
    text = elements(whole._repr_html_()).text
    assert "every state keeps every promise" in text
    assert f"distinct states{whole.distinct:,}" in text
    broken = dynaproof.explore_model(Clock())
    assert broken.violation is not None
    text = elements(broken._repr_html_()).text
    assert "on_the_dial is broken" in text
    assert "0. initial state" in text
    assert "3. tick()\n     hour = 13" in text
    begun = dynaproof.explore_model(Paxos(), seconds=1e-9)
    assert "ended by the limit of" in elements(begun._repr_html_()).text
    with pytest.raises(UserError, match="explore_model takes an object of a Model"):
        dynaproof.explore_model(Paxos)  # type: ignore[arg-type]
