"""The text of every notification, word for word, and its severity."""

from dataclasses import replace
from pathlib import Path

import pytest

from canary.rules.messages.channels import messages_of
from canary.rules.messages.kinds import Happening, NotificationKind, Severity, is_published
from canary.rules.messages.mail import subject_of
from canary.rules.reports import sentences
from canary.rules.reports.amounts import percent, times
from canary.rules.reports.building import report_of
from canary.rules.reports.evidence_report import Estimate
from tests.rules.messages import told
from tests.rules.reports.past import BAD, replayed

PAGE = Path(__file__).parents[3] / "docs" / "notifications.md"
ORIGIN = "4fa2c1 · OPS-125 · by ci-release (claimed)"
PLACE = "account 123456789012, Region eu-west-1, 2026-01-31T12:00:00+00:00"
OF_ROLLOUT = f"rollout run-1, {PLACE}"
SILENT_FOR_LONG = (
    "business_CheckoutFailed has no data: canary 0 where about 1560 were expected (base 14040); this has lasted for 10 min and "
    "policy.max_blind_seconds allows 10 min"
)
TEXTS = {
    "STARTED": (
        "info",
        [
            "▶ orders: rollout started, through 10 %, 25 % to 100 %",
            "new: orders-read 1 -> 2, orders-write 5 -> 6, deployment dep-old -> dep-new",
            ORIGIN,
            "canary watch orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "STARTED_UNREAD": ("info", ["▶ orders: rollout started", "release 41", ORIGIN, "canary watch orders", "", OF_ROLLOUT]),
    "REVERT_STARTED": ("info", ["▶ orders: revert of run-0 started", ORIGIN, "canary watch orders", "", OF_ROLLOUT]),
    "STEP": ("info", ["⏩ orders is at 25 %, step 2 of 3", ORIGIN, "canary watch orders", "", OF_ROLLOUT]),
    "IS_PARKED": (
        "attention",
        [
            "⏸ orders is parked at 25 % until 2026-01-31T13:00:00Z: advance or abort it",
            ORIGIN,
            "canary advance orders      canary abort orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "WAITING": (
        "attention",
        [
            "⏳ orders waits at 25 % for longer than its bake",
            "60 canary requests of the 500 that the step needs",
            ORIGIN,
            "canary status orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "PAUSED": (
        "attention",
        [
            "⏳ orders waits at 25 % for longer than its bake",
            "paused by an operator (OPS-1); roll_back in 106 min",
            ORIGIN,
            "canary status orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "GOES_ON": (
        "info",
        [
            "▶ orders goes on at 25 %",
            "no worse than base over 12 judged minutes",
            ORIGIN,
            "canary watch orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "ROLLED_BACK": (
        "attention",
        [
            "⏪ orders rolled back at 25 % - safe, nothing to do",
            "5xx 20.3 % vs 0.44 % (46x), sure after 3 min · 54 requests failed",
            "POST /orders -> orders-write 5: KeyError 'currency' (16 of 18)",
            ORIGIN,
            "canary explain orders      canary logs orders --arm canary --errors",
            "",
            OF_ROLLOUT,
        ],
    ),
    "ROLLED_BACK_BLIND": (
        "attention",
        [
            "⏪ orders rolled back at 10 % - safe, nothing to do",
            SILENT_FOR_LONG,
            ORIGIN,
            "canary explain orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "ROLLED_BACK_UNREAD": (
        "attention",
        [
            "⏪ orders rolled back at 25 % - safe, nothing to do",
            "aborted · 18 requests failed",
            ORIGIN,
            "canary explain orders      canary logs orders --arm canary --errors",
            "",
            OF_ROLLOUT,
        ],
    ),
    "REVERT_FAILED": (
        "page",
        [
            "🚨 orders still serves the release of run-0: its revert went back",
            "alias live was changed",
            ORIGIN,
            "canary explain orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "REFUSED": (
        "attention",
        [
            "⛔ orders: the rollout ended before it changed anything",
            "AWS refuses: AccessDenied",
            ORIGIN,
            "canary explain orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "PROMOTED": (
        "info",
        [
            "✅ orders promoted",
            "5xx 0.21 % vs 0.45 %, no metric was worse",
            ORIGIN,
            "canary explain orders      canary rollback orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "PROMOTED_WATCHED": (
        "info",
        [
            "✅ orders promoted, watched until 2026-01-31T12:30:00Z",
            "promoted",
            ORIGIN,
            "canary explain orders      canary rollback orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "REVERTED": (
        "attention",
        ["⏪ orders reverted: the release of run-0 is taken back", "OPS-7", ORIGIN, "canary explain orders", "", OF_ROLLOUT],
    ),
    "CONDEMNED": (
        "page",
        [
            "🚨 orders: the watch condemns the promoted release, and it stays live",
            "errors 4.0 % where at most 0.6 % is usual",
            ORIGIN,
            "canary explain orders      canary rollback orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "TAKEN_BACK": (
        "attention",
        [
            "👀 orders: the watch condemns the release, and run-1-watch-revert takes it back",
            "errors 4.0 %",
            ORIGIN,
            "canary explain orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "CUT_SHORT": (
        "attention",
        [
            "👀 orders: the watch was cut short by run-2",
            "a newer rollout took the target",
            ORIGIN,
            "canary explain orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "CUT_SHORT_BY_NOBODY": (
        "attention",
        ["👀 orders: the watch was cut short", "the stage was changed", ORIGIN, "canary explain orders", "", OF_ROLLOUT],
    ),
    "NOT_SEEN": (
        "attention",
        [
            "👀 orders: the watch is over, but could not see everything",
            "could not see: the access log; alarm orders-5xx",
            ORIGIN,
            "canary explain orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "NOTHING_FOUND": (
        "info",
        [
            "✅ orders: the watch found nothing, the release stays",
            "promoted",
            ORIGIN,
            "canary explain orders",
            "",
            OF_ROLLOUT,
        ],
    ),
    "OPERATOR": (
        "page",
        [
            "🚨 orders needs an operator at 25 %",
            "AWS refuses: AccessDenied",
            ORIGIN,
            "canary status orders",
            "",
            "To do by hand, in this order:",
            "  aws apigateway update-stage --rest-api-id a1",
            "  aws lambda update-alias --name live",
            "",
            OF_ROLLOUT,
        ],
    ),
    "UNREADABLE": (
        "page",
        [
            "🚨 orders needs an operator",
            "the records of target orders cannot be used: AccessDenied; nothing was changed",
            "canary status orders",
            "",
            PLACE,
        ],
    ),
    "USABLE": (
        "info",
        [
            "✅ orders: the records can be used again",
            "the records of target orders can be used again",
            "canary status orders",
            "",
            PLACE,
        ],
    ),
    "UNKNOWN": ("attention", ["🔔 the controller: Records Refused", "", PLACE]),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_person_reads_what_happened_why_and_what_to_do(name):
    severity, lines = TEXTS[name]
    notification = getattr(told, name)

    assert messages_of(notification)["email"].splitlines() == lines
    assert notification.severity == severity


def test_every_happening_and_every_kind_has_its_text():
    assert {one.happening for one in told.ALL} == {*Happening}
    assert {one.kind for one in told.ALL} >= {*NotificationKind}
    assert len(TEXTS) == len(told.ALL)


def test_only_what_someone_must_act_on_pages():
    pages = {one.happening for one in told.ALL if one.severity is Severity.PAGE}
    assert pages == {Happening.NEEDS_OPERATOR, Happening.CONDEMNED, Happening.REVERT_FAILED}


def test_a_message_has_the_numbers_of_the_report():
    report = told.ROLLED_BACK.report
    canary, base = report.lead.rates
    line = messages_of(told.ROLLED_BACK)["email"].splitlines()[1]

    assert line.startswith(f"{report.lead.label} {percent(canary)} vs {percent(base)} ({times(canary / base)}x)")
    assert f"{report.lead.label}{sentences.place(report)}: {percent(canary)} canary, {percent(base)} base" in sentences.why(
        report
    )
    assert sentences.harmed(report).startswith(f"{report.harm.requests} requests failed;")
    assert f" {report.harm.requests} requests failed" in line


def test_what_is_not_known_is_left_out():
    notification = told.with_report("Rollout Ended", BAD)
    lead = replace(notification.report.lead, latest=replace(notification.report.lead.latest, base_bad=0))
    bare = replace(notification.report, metrics=(lead,), harm=None, weights=(), weight_percent=0.0)

    assert messages_of(replace(notification, report=bare))["email"].splitlines()[:3] == [
        "⏪ orders rolled back - safe, nothing to do",
        f"5xx {percent(lead.counts.canary_rate)} vs 0 %",
        "4fa2c1 · OPS-125 · by ci-release (claimed)",
    ]


def test_what_broke_needs_neither_a_function_nor_its_error():
    notification = told.with_report("Rollout Ended", BAD, broken=told.BROKEN[:1])

    assert messages_of(notification)["email"].splitlines()[2] == "GET /orders/{id} (2 of 2)"


def test_a_promotion_before_any_comparison_gives_its_reason():
    rollout = replace(told.PARKED, reason="promoted by an operator")
    notification = told.a_notification("Rollout Promoted", rollout, report_of(*replayed((rollout, ()))))

    assert messages_of(notification)["email"].splitlines()[1] == "promoted by an operator"


def test_a_start_with_much_that_is_new_names_the_first_of_it():
    news = tuple(replace(told.STARTED.report.news[0], name=f"f{number}", before="") for number in range(6))
    notification = replace(told.STARTED, report=replace(told.STARTED.report, news=news))

    assert messages_of(notification)["email"].splitlines()[1] == (
        "new: f0 (none) -> 2, f1 (none) -> 2, f2 (none) -> 2, f3 (none) -> 2 and 2 more"
    )


def test_a_route_that_is_new_has_no_versions():
    news = (replace(told.STARTED.report.news[0], what="route added", name="GET /new", before="", after=""),)
    notification = replace(told.STARTED, report=replace(told.STARTED.report, news=news))
    assert messages_of(notification)["email"].splitlines()[1] == "new: route added GET /new"

    nothing = replace(told.STARTED, report=replace(told.STARTED.report, news=()))
    assert messages_of(nothing)["email"].splitlines()[1] == ORIGIN


def test_a_link_to_the_report_stands_below_the_commands():
    notification = replace(told.PROMOTED, detail={**told.PROMOTED.detail, "report": "https://reports.example.org/run-1"})

    assert messages_of(notification)["email"].splitlines()[-3:] == ["report: https://reports.example.org/run-1", "", OF_ROLLOUT]


@pytest.mark.parametrize(
    ("phase", "is_told"),
    [("shifting", True), ("parked", True), ("rolled_back", False), ("watching", False), ("promoted", False)],
)
def test_a_wait_that_ends_with_the_rollout_is_told_with_the_end(phase, is_told):
    assert is_published(NotificationKind.WAIT_OVER, {"phase": phase}) is is_told
    assert is_published(NotificationKind.ENDED, {"phase": phase})


def test_the_subject_says_who_has_to_look_and_what_happened():
    assert subject_of(told.ROLLED_BACK) == "canary: orders rolled back at 25 % - safe, nothing to do"
    assert subject_of(told.OPERATOR) == "canary PAGE: orders needs an operator at 25 %"


def test_the_page_shows_a_message_as_it_is_sent():
    """The example's numbers, in the report of a rollback at the second weight."""
    report = told.ROLLED_BACK.report
    lead = replace(report.lead, canary=Estimate(0.029, 0.0, 1.0), base=Estimate(0.0005, 0.0, 1.0), difference=Estimate(0, 0, 0))
    ended = replace(report.decisions[-1], last_at=report.weights[-1].at + 240)
    told_of = replace(report, metrics=(lead,), decisions=(ended,), harm=replace(report.harm, requests=18))
    text = messages_of(replace(told.ROLLED_BACK, report=told_of))["email"]

    assert f"```\n{text}\n```" in PAGE.read_text(encoding="utf-8")
