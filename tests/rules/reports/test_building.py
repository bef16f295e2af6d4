from dataclasses import replace

from canary.rules.definitions.routes import RouteChanges
from canary.rules.releases.code import CodeChange, PublishedCode
from canary.rules.releases.release import Expectation
from canary.rules.reports import novelties
from canary.rules.reports.amounts import in_utc, moment
from canary.rules.reports.building import report_of, trust
from canary.rules.reports.evidence_report import BrokenRoute, Gap, Novelty, VerbSent
from canary.rules.reports.markdown import to_markdown
from canary.rules.reports.page import to_html
from canary.rules.reports.sentences import live, place, state, why
from canary.rules.rollouts.actions import Action, CalledBy, StartedBy
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd
from canary.rules.targets.target import Outside, OutsideRoute
from tests.builders import NOON, a_rollout, a_target, an_intent
from tests.rules.reports.past import BAD, CHECKOUT, GOOD, SILENT, TARGET, a_past, a_report, replayed


def test_a_rollout_without_a_look_has_a_report():
    report = report_of(a_rollout(), ())
    assert (report.metrics, report.lead, report.harm, report.evidence) == ((), None, None, None)
    assert (report.weight_percent, report.weight_asked, report.share_seen) == (0.0, None, None)
    assert report.trust == "No look is recorded."
    assert report.checked == "There is no verdict."
    assert report.to_do == "Follow it with canary watch orders."


def test_a_rolled_back_release_leaves_what_was_live_before():
    report = a_report(past=BAD)
    assert (report.phase, report.weight_percent, report.deciding) == (Phase.ROLLED_BACK, 10.0, "errors")
    assert [(one.name, one.value) for one in report.live] == [
        ("orders-read", "1"),
        ("orders-write", "5"),
        ("deployment", "dep-old"),
    ]
    assert report.to_do == "Nothing to do."
    assert report.labels == {"commit": "4fa2c1"}


def test_a_promoted_release_is_live():
    report = a_report(past=GOOD)
    assert [one.value for one in report.live] == ["2", "6", "dep-new"]
    assert report.share_seen == 0.25
    assert report.weight_asked == 0.25


def test_what_is_to_be_done_is_said():
    rollout = a_rollout(step=StepState(index=0), shifts=(NOON,))
    assert "canary advance orders" in report_of(replace(rollout, phase=Phase.PARKED), ()).to_do
    assert "canary status orders" in report_of(replace(rollout, needs_operator=True), ()).to_do
    aliases = report_of(a_rollout(target=a_target(stage=None)), ())
    assert [one.name for one in aliases.live] == ["orders-read", "orders-write"]


def test_the_verbs_that_the_record_knows_are_told():
    actions = (Action(NOON, "pause", "lunch"), Action(NOON + 60, "promote", "OPS-1", CalledBy(arn="arn:aws:iam::1:user/ann")))
    assert report_of(a_rollout(actions=actions), ()).verbs == (
        VerbSent(NOON, "pause", "lunch", ""),
        VerbSent(NOON + 60, "promote", "OPS-1", "arn:aws:iam::1:user/ann"),
    )


def test_who_started_it_is_told_as_claimed():
    assert report_of(a_rollout(started_by=StartedBy(claimed="ann")), ()).started_by == "claimed: ann"
    assert report_of(a_rollout(started_by=StartedBy()), ()).started_by == a_rollout().execution.rpartition(":")[2]


def test_a_release_that_its_watch_takes_back_is_told_as_reverted():
    watch = PromotionWatch(
        NOON, NOON + 900, end=WatchEnd.CONDEMNED, ended_at=NOON + 60, reason="errors rose", reverted_by="back"
    )
    report = report_of(a_rollout(phase=Phase.PROMOTED, watch=watch, shifts=(NOON,), step=StepState(index=0)), ())
    assert (state(report), place(report), why(report)) == (
        "Reverted",
        "",
        "The watch after the promotion condemns the release. Errors rose.",
    )
    assert report.to_do == "See canary explain back."
    assert [one.value for one in report.live] == ["1", "5", "dep-old"]
    assert live(report, in_utc).startswith("Rollout back began to take the release back, so that base serves: orders-read 1")
    assert 'class="state bad"' in to_html(report)


def test_a_watched_release_is_told_as_promoted():
    watch = PromotionWatch(NOON, NOON + 900)
    report = report_of(a_rollout(phase=Phase.WATCHING, watch=watch), ())
    assert (state(report), place(report)) == ("Promoted, being watched", "")
    assert report.to_do == "Follow it with canary watch orders."
    assert [one.value for one in report.live][:2] == ["2", "6"]


def test_what_was_new_is_told():
    plan = replace(
        a_rollout().plan, routes=RouteChanges(added=("GET /a",), moved=("GET /b to GET /c",), lost=("GET /d",), changed=("e",))
    )
    overrides = {"lambdaAlias": "canary", "flag": "on"}
    rollout = a_rollout(plan=plan, intent=an_intent(versions={"orders-read": "1", "orders-write": "6"}, overrides=overrides))
    assert report_of(rollout, ()).news == (
        Novelty("function", "orders-write", "5", "6"),
        Novelty("deployment", "", "dep-old", "dep-new"),
        Novelty("variable", "flag", "", "on"),
        Novelty("route added", "GET /a", "", ""),
        Novelty("route lost", "GET /d", "", ""),
        Novelty("route moved", "GET /b to GET /c", "", ""),
        Novelty("route changed", "e", "", ""),
    )
    same = a_rollout(intent=an_intent(deployment_id="dep-old"))
    assert [one.what for one in report_of(same, ()).news] == ["function", "function"]


def test_a_functions_versions_are_shown_with_description_code_and_time():
    before = PublishedCode("first <release>", "8Kx3bQm0aTfZ", NOON)
    code = {"orders-write": CodeChange(before, PublishedCode("checks the currency"))}
    rollout = a_rollout(
        plan=replace(a_rollout().plan, code=code), intent=an_intent(versions={"orders-read": "1", "orders-write": "6"})
    )
    report = report_of(rollout, ())
    assert next(novelties.rows(report, in_utc)) == (
        "function",
        "orders-write",
        f"5: first <release> (code 8Kx3bQm0aT, modified {moment(NOON, in_utc)})",
        "6: checks the currency",
    )
    assert "first &lt;release&gt; (code 8Kx3bQm0aT" in to_html(report)
    assert "6: checks the currency" in to_markdown(report)


def test_what_the_verdict_does_not_cover_is_told():
    outside = Outside((OutsideRoute("/health"), OutsideRoute("/old/*", ("GET", "PUT"))), ("token",))
    rollout, looks = replayed(SILENT)
    plan = replace(rollout.plan, expects=(Expectation.CLIENT_ERRORS,), tolerated_alarms=("noisy",), notes=("a note",))
    report = report_of(replace(rollout, target=replace(TARGET, outside=outside), plan=plan), looks)
    assert report.gaps == (
        Gap("outside", "/health"),
        Gap("outside", "GET/PUT /old/*"),
        Gap("outside", "authorizer token"),
        Gap("silent", "CheckoutFailed had no data"),
        Gap("expected", "a change of client errors does not count"),
        Gap("alarm tolerated", "noisy"),
        Gap("note", "a note"),
    )
    kinds = [gap.kind for gap in a_report(past=BAD).gaps]
    assert kinds == ["too few requests"] * 5
    last = looks[-1]
    bare = replace(last, rollout=replace(last.rollout, limits_ms={}))
    bare = replace(bare, evidence=replace(bare.evidence, metrics={CHECKOUT: bare.evidence.metrics[CHECKOUT]}))
    assert Gap("not judged", "latency") in report_of(rollout, (bare,)).gaps


def test_what_broke_is_taken_from_the_logs():
    broken = (BrokenRoute("POST /orders", 16, 1, "orders-write", "KeyError"),)
    assert a_report(past=BAD, broken=broken).broken == broken


def test_evidence_that_differs_from_the_record_is_not_trusted():
    looks = replayed(a_past(most=5))[1]
    assert trust(looks) == ("The evidence of all 5 looks, computed again from the recorded minutes, is what they recorded.")
    other = replace(looks[-1], look=replace(looks[-1].look, log_e=9.0))
    assert "the evidence of 1 of 5 looks differs" in trust((*looks[:-1], other))
