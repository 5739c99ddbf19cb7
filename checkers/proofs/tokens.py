"""What is proved about global admission: tokens are conserved, and few are handed out and not used."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded import capacity_controllers as bugs
from dynaproof.checkers.proofs.obligation import (
    Count,
    Grains,
    PerSecond,
    Said,
    Time,
    Units,
    implies,
    obligation,
)
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.bucket import Bucket, admitted_at_most
from dynaproof.impl.capacity.global_admission import RouterTokens, TableTokens, granted

SOURCE = "Elhemali et al., Amazon DynamoDB, USENIX ATC 2022, 4.3; impl/capacity/global_admission.py"


@obligation(
    about=(
        TableTokens.draw,
        RouterTokens.expire,
        RouterTokens.returned,
        RouterTokens.credit,
        RouterTokens.take,
        RouterTokens.settle,
        RouterTokens.give_back,
    ),
    symbols=(
        "used + held + expired + level <= begun + rate (at - begun) is inductive under a router's expire, "
        "draw, credit, take, settle and give_back, beside all other routers; held below 0 is owed"
    ),
    source=SOURCE,
    bugs=(
        *(bugs.GRANT_NOT_CHARGED, bugs.EXPIRED_AND_KEPT, bugs.RETURNED_TWICE, bugs.USED_AND_KEPT),
        *(bugs.RETURN_OVERFLOWS, bugs.SETTLED_FOR_NOTHING),
    ),
)
def tokens_conserved(
    level: Grains,
    capacity: Grains,
    rate: PerSecond,
    at_us: Time,
    begun_us: Time,
    begun: Grains,
    held: Units,
    expired: Units,
    drawn_us: Time,
    others: Units,
    used: Units,
    most: Units,
    asked: Units,
    cost: Units,
    now_us: Time,
    router_us: Time,
    more: Units,
    back: Units,
    lost: bool,
) -> Said:
    """Tokens in a table's bucket, held by routers, on their way back and used are never more than the bucket
    began with and what was filled, whether the answer to a draw arrives or not; and the bucket never
    overflows.
    """
    table = TableTokens(Bucket(rate, capacity, level, at_us), most)
    router = RouterTokens(held, expired, drawn_us, most)
    router.expire(router_us)
    grant = table.draw(router.held, router.returned(), asked, now_us)
    if not lost:
        router.credit(grant, router_us)
    after = used + cost if router.take(cost) else used
    router.settle(more)
    router.give_back(back)
    after = after + more - back
    there = (after + router.held + router.expired + others) * MICRO + table.bucket.level
    return Said(
        given={
            "rate and capacity are not negative": (rate >= 0) & (capacity >= 0),
            "nobody asks for, uses, owes or gives back less than 0": (expired >= 0)
            & (asked >= 0)
            & (cost >= 0)
            & (more >= 0)
            & (back >= 0),
            "a router holds what it may": held <= most,
            "the level is at most the capacity": level <= capacity,
            "the invariant holds before": (used + held + expired + others) * MICRO + level
            <= begun + rate * (at_us - begun_us),
        },
        then=(
            there <= begun + rate * (table.bucket.at_us - begun_us),
            table.bucket.level <= capacity,
            implies((held >= 0) & (more == 0), router.held >= 0),
            router.held <= most,
        ),
    )


@obligation(
    about=(granted, RouterTokens.credit, RouterTokens.take),
    symbols="held <= most is inductive, held + grant <= most; so the sum over n <= n most, by induction",
    source=SOURCE,
    bugs=(bugs.HOARDS, bugs.GIVEN_BACK_BEYOND),
)
def unused_tokens_are_bounded(
    level: Grains,
    capacity: Grains,
    asked: Units,
    held: Units,
    used: Units,
    back: Units,
    most: Units,
    others: Units,
    routers: Count,
    now_us: Time,
) -> Said:
    """A router never holds more than it may, also if it uses tokens, or some come back, while its draw is on
    the way; so what is handed out and may be used is at most that for each router.
    """
    router = RouterTokens(held - used, 0, now_us, most)
    router.give_back(back)
    grant = granted(level, capacity, held, asked, most)
    router.credit(grant, now_us)
    return Said(
        given={
            "it held no more than it may": (held >= 0) & (held <= most),
            "it used some of it since it asked, and some came back": (used >= 0)
            & (used <= held)
            & (back >= 0),
            "so do those before it": (routers >= 0) & (others <= routers * most),
        },
        then=(router.held >= 0)
        & (router.held <= most)
        & (held + grant <= most)
        & (others + router.held <= (routers + 1) * most),
    )


@obligation(
    about=(granted,),
    symbols="level >= -most inductive; used in (t, t + T] <= capacity + rate T + n most + most + owed",
    source=SOURCE,
    bugs=(bugs.GRANTS_WHAT_IS_ASKED,),
)
def table_under_global_admission_is_bounded(
    level: Grains,
    capacity: Grains,
    rate: PerSecond,
    begun: Grains,
    window_us: Time,
    asked: Units,
    held: Units,
    used: Units,
    unused: Units,
    begun_unused: Units,
    owed: Units,
    most: Units,
    routers: Count,
) -> Said:
    """What a table admits in a window is at most its burst, what the window fills, what its routers may
    hold, what they owe, and one debt of the bucket, which is at most what one router may hold.
    """
    after = level - granted(level, capacity, held, asked, most) * MICRO
    return Said(
        given={
            "capacity, rate and times are not negative": (capacity >= 0) & (rate >= 0) & (window_us >= 0),
            "a router holds what it may, and asks for something": (asked >= 0) & (held >= 0) & (held <= most),
            "the level is within its bounds": (level <= capacity) & (level >= -most * MICRO),
            "the routers hold what they may, and owe so much at the most": (begun_unused <= routers * most)
            & (unused >= -owed),
            "the bucket began no higher than its capacity": begun <= capacity,
            "tokens are conserved": (used + unused) * MICRO + level
            <= begun + begun_unused * MICRO + rate * window_us,
        },
        then=(
            after >= -most * MICRO,
            implies((level >= 0) & (level < capacity), after >= 0),
            used * MICRO <= admitted_at_most(rate, capacity, routers * most + most + owed, window_us),
        ),
    )


OBLIGATIONS = (tokens_conserved, unused_tokens_are_bounded, table_under_global_admission_is_bounded)
