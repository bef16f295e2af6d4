"""The first lines, the page and the Markdown: the same facts, and no words from outside become markup."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.rules.looks.findings import Finding
from canary.rules.reports import sentences
from canary.rules.reports.amounts import in_utc
from canary.rules.reports.building import report_of
from canary.rules.reports.charts import latency
from canary.rules.reports.evidence_report import BrokenRoute, HarmDone, MetricRow, VerbSent
from canary.rules.reports.markdown import to_markdown
from canary.rules.reports.page import to_html
from canary.rules.rollouts.phases import Phase
from tests.builders import NOON, a_rollout
from tests.rules.reports.past import BAD, CHECKOUT, GOOD, LATE, SILENT, a_report
from tests.rules.reports.test_markup import Seen

BROKEN = (BrokenRoute("POST /orders", 16, 1, "orders-write", "KeyError 'currency'"), BrokenRoute("GET /orders", 0, 1))
REPORTS = {
    "bad": a_report(past=BAD, broken=BROKEN),
    "late": a_report(past=LATE),
    "good": a_report(past=GOOD),
    "silent": a_report(past=SILENT),
    "new": report_of(a_rollout(), ()),
}


@pytest.fixture(params=REPORTS)
def report(request):
    return REPORTS[request.param]


class TestFirstLines:
    def test_a_director_reads_why_whom_and_what_now(self):
        late = REPORTS["late"]
        assert sentences.state(late) == "Rolled back"
        assert sentences.when(late, in_utc) == "2026-01-31 12:00\N{EN DASH}12:15 UTC (15 min)"
        assert sentences.why(late) == (
            "5xx at 25 %: 20.3 % canary, 0.44 % base: +19.9 points (no interval yet), 46 times as often."
        )
        assert sentences.harmed(late) == "54 requests failed; about 480 in an all-at-once release by then (estimate)."
        assert sentences.live(late, in_utc) == "Live since 12:15: orders-read 1, orders-write 5, deployment dep-old."
        assert late.to_do == "Nothing to do."
        assert sentences.place(late) == " at 25 %"

    def test_a_promotion_says_that_nothing_was_worse(self):
        good = REPORTS["good"]
        assert sentences.why(good).startswith("No metric was worse. 5xx: ")
        assert sentences.harmed(good) == "None of 4,020 canary requests failed beyond base's rate."
        assert sentences.place(good) == ""
        assert sentences.shares_line(good) == "weight asked 25 %, share seen 25.0 %"

    def test_a_rollback_that_no_metric_decided_gives_its_reason(self):
        silent = REPORTS["silent"]
        assert sentences.why(silent).startswith("business_CheckoutFailed has no data")
        assert sentences.why(replace(silent, metrics=(), reason="an edit")) == "An edit."
        assert sentences.why(REPORTS["new"]) == "Nothing was compared yet."

    def test_a_rollout_that_goes_on_says_where_it_stands(self):
        new = REPORTS["new"]
        assert sentences.state(new) == "In progress: preparing"
        assert sentences.when(new, in_utc) == "since 2026-01-31 12:00 UTC"
        assert sentences.live(new, in_utc) == "Base serves: orders-read 1, orders-write 5, deployment dep-old."
        assert sentences.harmed(new) == "No canary request was counted."
        assert sentences.shares_line(new) == "no look was made"
        assert sentences.state(replace(new, phase=Phase.PARKED)) == "Parked"
        assert sentences.state(replace(new, needs_operator=True)) == "Needs operator"

    def test_harm_that_chance_explains_says_so(self):
        harm = HarmDone("failed", 2, 7002, 4, is_beyond_chance=False)
        assert sentences.harmed(replace(REPORTS["good"], harm=harm)) == (
            "2 of 7,002 canary requests failed beyond base's rate, no more than chance explains."
        )
        one = replace(harm, requests=1, all_at_once=1432, is_beyond_chance=True)
        assert sentences.harmed(replace(REPORTS["good"], harm=one)) == (
            "1 request failed; about 1,400 in an all-at-once release by then (estimate)."
        )

    def test_a_share_that_was_not_judged_is_not_given(self):
        assert sentences.shares_line(REPORTS["bad"]) == "weight asked 10 %, no minute judged at it yet"

    def test_what_broke_names_the_canarys_routes(self):
        assert sentences.broke(REPORTS["bad"]) == "POST /orders: 16. orders-write: KeyError 'currency'."
        many = tuple(BrokenRoute(f"GET /{number}", number, 0) for number in (9, 8, 7, 6))
        assert sentences.broke(replace(REPORTS["bad"], broken=many)) == "GET /9: 9, GET /8: 8, GET /7: 7 and 1 more."
        assert sentences.broke(REPORTS["good"]) == ""
        assert sentences.broke(replace(REPORTS["good"], broken_note="not read")) == "not read"

    def test_how_sure_a_verdict_is_is_said_against_its_bar(self):
        assert sentences.sure(REPORTS["bad"]) == (
            "Evidence 176 against the canary; 100 condemns it. At most one good release in 100 ever reaches that."
        )
        assert sentences.sure(REPORTS["good"]) == (
            "Evidence 0.2 against the canary, where 100 would condemn it. "
            "A difference in 5xx of less than +1.0 points may go unnoticed."
        )
        assert sentences.sure(REPORTS["new"]) == ""

    def test_a_silent_metric_says_since_when_and_has_no_figures(self):
        row = MetricRow("m", "m", "", None, Finding.NO_DATA, silent_since=NOON)
        assert sentences.verdict_of(row, in_utc) == "no data since 12:00"
        assert sentences.difference_of(row) == ("-", "")
        assert sentences.rates_of(row) == ("-", "-")
        assert sentences.compared(row) == "m: no data."
        assert sentences.of_bar(None, REPORTS["good"]) == "-"
        assert sentences.effect_note(row) == ""


class TestPage:
    def test_it_is_self_contained(self, report):
        page = to_html(report)
        seen = Seen(page)
        names = [name for name, _ in seen.tags]
        assert not {"script", "iframe", "object", "embed", "img", "form", "base"} & {*names}
        linked = [value for _, given in seen.tags for key, value in given.items() if key in {"src", "href"}]
        assert linked == ["data:,"]
        policies = [given["content"] for name, given in seen.tags if given.get("http-equiv") == "Content-Security-Policy"]
        assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
        assert "url(" not in page
        assert len(page) < 300_000

    def test_its_headings_are_in_order_and_its_ids_are_its_own(self, report):
        seen = Seen(to_html(report))
        levels = [int(name[1]) for name, _ in seen.tags if re.fullmatch("h[1-6]", name)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        ids = [given["id"] for _, given in seen.tags if "id" in given]
        assert len(ids) == len({*ids})

    def test_each_picture_has_a_text_and_a_table(self, report):
        page = to_html(report)
        pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
        assert page.count("<figure>") == len(pictures)
        assert bool(pictures) == bool(report.metrics)
        for picture in pictures:
            title, description = (re.search(f"<{part}.*?>(.+?)</{part}>", picture) for part in ("title", "desc"))
            assert title
            assert description
        assert page.count('class="figures"') == len(pictures)

    def test_its_first_lines_are_those_of_the_markdown(self, report):
        words = " ".join(Seen(to_html(report)).words)
        plain = to_markdown(report).replace("\\", "")
        for told in (sentences.state(report), sentences.why(report), sentences.harmed(report), report.to_do, report.trust):
            assert told in words
            assert told in plain

    def test_its_colour_is_that_of_the_ending(self):
        tones = {name: re.search('class="state (.+?)"', to_html(report))[1] for name, report in REPORTS.items()}
        assert tones == {"bad": "bad", "late": "bad", "good": "good", "silent": "bad", "new": "warn"}

    def test_powers_of_ten_on_the_scale_are_their_own(self):
        ticks = re.findall(r'class="tick">(10[^<% ]*)</text>', to_html(REPORTS["late"]))
        assert len({*ticks}) == len(ticks)

    def test_the_only_rates_are_drawn_as_whiskers(self):
        lines = [replace(one, points=one.points[:1]) for one in REPORTS["good"].rates]
        page = to_html(replace(REPORTS["good"], rates=tuple(lines)))
        assert page.count("whisker base") > page.count("band base") == 0

    def test_verbs_and_what_broke_have_their_tables(self):
        verbs = (VerbSent(NOON, "pause", "lunch", ""), VerbSent(NOON, "promote", "OPS-1", "arn:aws:iam::1:user/a"))
        page = to_html(replace(REPORTS["bad"], verbs=verbs))
        assert "arn:aws:iam::1:user/a" in page
        assert "not recorded" in page
        assert "KeyError &#x27;currency&#x27;" in page
        assert "OPS-1" in to_markdown(replace(REPORTS["bad"], verbs=verbs))

    def test_a_difference_without_an_interval_is_drawn_as_a_point(self):
        page = to_html(REPORTS["late"])
        assert "+19.9 (no interval yet)" in re.search("<svg.*?</svg>", page, re.DOTALL)[0]

    def test_a_report_without_latency_has_no_picture_of_it(self):
        rows = [row for row in REPORTS["good"].metrics if row.metric == CHECKOUT]
        assert latency(rows) is None
        assert "Latency by arm" not in to_html(replace(REPORTS["good"], metrics=tuple(rows)))

    def test_a_rollout_that_has_only_begun_is_drawn(self):
        early = a_report(most=1)
        assert "Evidence against the canary" not in to_html(early)
        bare = replace(REPORTS["good"], weights=(), shares=(), decisions=(), ended_at=None)
        assert "Weight asked, share seen" in to_html(bare)
        row = replace(REPORTS["good"].metrics[0], finding=Finding.NOT_WORSE)
        flat = replace(row, difference=replace(row.difference, value=0.0, low=0.0, high=0.0), least_effect=None)
        assert "Difference by metric" in to_html(replace(REPORTS["good"], metrics=(flat,), news=()))


WORDS = st.text(max_size=60) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</style><script>",
        "]]>",
        "&lt;b&gt;",
        "javascript:x",
        "</svg>",
    ]
)


@settings(max_examples=40)
@given(st.lists(WORDS, min_size=14, max_size=14))
def test_no_text_from_outside_becomes_markup(words):
    report = REPORTS["bad"]
    row = replace(report.metrics[0], label=words[0], bad_are=words[1])
    named = replace(
        report,
        rollout=words[2],
        target=words[3],
        execution=words[4],
        started_by=words[5],
        labels={words[6]: words[7]},
        reason=words[8],
        metrics=(row, *report.metrics[1:]),
        broken=(BrokenRoute(words[9], 1, 0, words[10], words[11]),),
        decisions=(replace(report.decisions[0], reason=words[12]), *report.decisions[1:]),
        verbs=(VerbSent(NOON, words[13], words[0], words[1]),),
        policy={words[2]: words[3]},
    )
    plain = replace(named, rollout="r", target="t", execution="e", started_by="s", labels={"l": "v"}, reason="r", policy={})
    plain = replace(plain, metrics=(replace(row, label="m", bad_are="b"), *report.metrics[1:]))
    assert [name for name, _ in Seen(to_html(named)).tags] == [name for name, _ in Seen(to_html(plain)).tags]


@given(WORDS)
def test_no_text_from_outside_becomes_markdown(words):
    lines = to_markdown(replace(REPORTS["good"], reason="", labels={"note": words})).splitlines()
    plain = to_markdown(replace(REPORTS["good"], reason="", labels={"note": "x"})).splitlines()
    assert len(lines) == len(plain)
    assert [line for line in lines if line.startswith(("#", "|"))] == [line for line in plain if line.startswith(("#", "|"))]
    assert "<script>" not in "\n".join(lines)
