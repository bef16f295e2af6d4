"""What idle resources cost, computed from the templates, and what the docs say about it."""

import re
from decimal import Decimal

import pytest

from canary.rules.looks.look_metrics import NAMES
from infra.cost_at_rest import HOURS, RATES, bill, total
from tests.infra.conftest import ROOT

DOCS = ROOT / "docs" / "cost.md"
ROW = re.compile(r"^\| (?P<what>[a-z ]+) \| (?P<count>[\d,]+) \| (?P<dollars>\d+\.\d\d) \|$", re.MULTILINE)


def a_template(**resources):
    return {"Resources": {name: {"Type": kind, "Properties": properties} for name, (kind, properties) in resources.items()}}


def a_filter(name, namespace="Canary/orders"):
    transformation = {"MetricNamespace": namespace, "MetricName": name, "MetricValue": "1"}
    return "AWS::Logs::MetricFilter", {"MetricTransformations": [transformation]}


def lines(template):
    return {line.what: (line.count, line.dollars) for line in bill(template)}


def test_a_custom_metric_is_paid_for_once_whoever_fills_it():
    template = a_template(a=a_filter("Requests"), b=a_filter("Requests"), c=a_filter("Errors"), d=a_filter("Errors", "Other"))
    assert lines(template) == {"custom metrics": (3, 3 * RATES.custom_metric)}


def test_an_alarm_is_paid_for_by_the_metrics_that_it_reads():
    math = {"Metrics": [{"Id": "a", "MetricStat": {}}, {"Id": "b", "MetricStat": {}}, {"Id": "c", "Expression": "a/b"}]}
    template = a_template(math=("AWS::CloudWatch::Alarm", math), plain=("AWS::CloudWatch::Alarm", {"MetricName": "Errors"}))
    assert lines(template) == {"metrics of alarms": (3, 3 * RATES.alarm_metric)}


def test_a_dashboard_is_paid_for_whatever_is_on_it():
    assert lines(a_template(one=("AWS::CloudWatch::Dashboard", {}))) == {"dashboards": (1, RATES.dashboard)}


@pytest.mark.parametrize(
    ("expression", "calls"),
    [("rate(1 minute)", 43_800), ("rate(5 minutes)", 8_760), ("rate(1 hour)", 730), ("rate(2 days)", 15)],
)
def test_a_schedule_is_paid_for_by_the_call(expression, calls):
    rule = {"ScheduleExpression": expression, "Targets": [{"Arn": {"Fn::GetAtt": ["called", "Arn"]}}]}
    template = a_template(rule=("AWS::Events::Rule", rule), called=("AWS::Lambda::Function", {"MemorySize": 512}))
    assert lines(template)["scheduled calls"][0] == calls
    assert lines(template)["traces of them"] == (calls, calls * RATES.trace)


def test_memory_makes_a_call_dearer():
    def price(memory):
        rule = {"ScheduleExpression": "rate(1 minute)", "Targets": [{"Arn": {"Fn::GetAtt": ["called", "Arn"]}}]}
        template = a_template(rule=("AWS::Events::Rule", rule), called=("AWS::Lambda::Function", {"MemorySize": memory}))
        return lines(template)["scheduled calls"][1]

    assert Decimal("0.09") < price(512) < Decimal("0.10") < price(1024) < 2 * price(512)


def test_an_event_without_a_schedule_costs_nothing():
    assert bill(a_template(rule=("AWS::Events::Rule", {"EventPattern": {}, "Targets": []}))) == ()


@pytest.mark.slow
@pytest.mark.parametrize("stack", ["canary", "canary-target-orders"])
def test_the_docs_say_what_the_template_costs(product, stack):
    (section,) = [part for part in DOCS.read_text(encoding="utf-8").split("\n## ") if f"`{stack}`" in part.splitlines()[0]]
    expected = bill(product.templates[stack].body)
    told = {(row["what"], row["count"], row["dollars"]) for row in ROW.finditer(section)}
    assert told == {(line.what, f"{line.count:,}", f"{line.dollars:.2f}") for line in expected}
    assert f"${total(expected):.2f} a month" in section


def test_the_docs_say_what_the_metrics_of_looks_cost():
    page = DOCS.read_text(encoding="utf-8")
    assert f"they cost {len(NAMES) * RATES.custom_metric / HOURS:.4f} dollars per hour of looks" in " ".join(page.split())
    assert f"and {len(NAMES) * RATES.custom_metric:.2f} a month for a canary" in " ".join(page.split())
