"""How a release's definition is known: read, exported or recorded; otherwise it cannot start."""

from dataclasses import replace

import pytest

from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.definitions.routes import routes_of
from canary.rules.releases.problems import Problem
from canary.rules.releases.readings import (
    Definitions,
    Deployed,
    ReadDefinition,
    Reading,
    is_promoted_last,
    is_served_by_base,
    read_release,
)
from canary.rules.releases.release import PRESENT, UNCHANGED
from tests.builders import STAGE
from tests.rules.api_world import MODELS, ORDERS, read, read_export

OLD, NEW = read(ORDERS), read(ORDERS.with_verb("/orders", "DELETE"))
OTHER = read(ORDERS.with_verb("/orders", "PUT"))
UNREADABLE = "`aws apigateway get-export`: Only found non-JSON body models"


def deployed(definition, deployment_id="dep-old", *, is_served=True, recorded=None, unreadable=""):
    """A deployment of a definition that a stage serves and that can be exported."""
    shown = definition if is_served and not unreadable else None
    return Deployed(deployment_id, shown, unreadable, routes_of(definition), recorded)


def read_of(wanted, **definitions):
    return read_release(wanted, Definitions(**{"base": deployed(OLD), **definitions}), STAGE)


@pytest.mark.parametrize("wanted", [None, PRESENT])
def test_the_present_definition_is_read_from_the_resources(wanted):
    assert read_of(wanted, present=NEW) == ReadDefinition(Reading.PRESENT, NEW)


def test_the_present_definition_has_to_be_read_to_be_known():
    with pytest.raises(ValueError, match="the present definition of API a1b2c3d4e5 was not read"):
        read_of(PRESENT)


@pytest.mark.parametrize("wanted", [UNCHANGED, "dep-old"])
def test_what_base_serves_is_read_from_its_export(wanted):
    assert read_of(wanted) == ReadDefinition(Reading.STAGE_EXPORT, OLD)


def test_a_base_that_cannot_be_exported_is_known_by_its_recorded_fingerprint():
    base = deployed(OLD, unreadable=UNREADABLE, recorded=fingerprint(OLD))
    assert read_of(UNCHANGED, base=base, present=OLD) == ReadDefinition(Reading.RECORDED_FINGERPRINT, OLD)


@pytest.mark.parametrize("recorded", [None, fingerprint(NEW), "a" * 64])
def test_a_base_that_nothing_shows_is_refused(recorded):
    found = read_of(UNCHANGED, base=deployed(OLD, unreadable=UNREADABLE, recorded=recorded), present=OLD)
    assert str(found) == (
        f"release.deployment: what deployment dep-old serves cannot be read: {UNREADABLE}; "
        "release present, which is read from the API's resources, or make the stage prod exportable"
    )


def test_a_named_deployment_is_read_from_the_stage_that_serves_it():
    assert read_of("dep-9", named=deployed(NEW, "dep-9")) == ReadDefinition(Reading.STAGE_EXPORT, NEW)


@pytest.mark.parametrize("known", [{"present": NEW}, {"base": deployed(NEW)}])
def test_a_named_deployment_is_known_by_its_recorded_fingerprint(known):
    named = deployed(NEW, "dep-9", is_served=False, recorded=fingerprint(NEW))
    assert read_of("dep-9", named=named, **known) == ReadDefinition(Reading.RECORDED_FINGERPRINT, NEW)


COMMAND = "aws apigateway create-stage --rest-api-id a1b2c3d4e5 --stage-name read-dep-9 --deployment-id dep-9"


@pytest.mark.parametrize(
    ("named", "why"),
    [
        (deployed(NEW, "dep-9", is_served=False), ", because no stage serves it"),
        (deployed(NEW, "dep-9", is_served=False, recorded=fingerprint(OTHER)), ", because no stage serves it"),
        (deployed(NEW, "dep-9", is_served=False, recorded="b" * 64), ", because no stage serves it"),
        (replace(deployed(OTHER, "dep-9", is_served=False), recorded=fingerprint(NEW)), ", because no stage serves it"),
        (replace(deployed(NEW, "dep-9"), definition=OTHER), ", because no stage serves it"),
        (deployed(NEW, "dep-9", unreadable=UNREADABLE), f": {UNREADABLE}"),
    ],
    ids=[
        "not recorded",
        "recorded of what nobody has",
        "recorded by other rules",
        "other routes",
        "stage moved on",
        "not exportable",
    ],
)
def test_a_named_deployment_that_nothing_shows_is_refused_with_the_command_that_shows_it(named, why):
    found = read_of("dep-9", named=named, present=NEW)

    assert isinstance(found, Problem)
    assert found.value.startswith(f"what is in deployment dep-9 cannot be read{why}")
    assert found.fix == f"release present or unchanged, or make a stage that serves it and start again: {COMMAND}"


class TestPromotedLast:
    def test_is_what_the_record_says(self):
        definitions = Definitions(deployed(OLD, recorded=fingerprint(NEW)), NEW)
        assert is_promoted_last(definitions)
        assert not is_promoted_last(replace(definitions, present=OLD))

    def test_is_nothing_that_was_not_recorded_or_read(self):
        assert not is_promoted_last(Definitions(deployed(OLD), OLD))
        assert not is_promoted_last(Definitions(deployed(OLD, recorded=fingerprint(OLD)), None))

    def test_is_base_itself_where_other_rules_recorded_it(self):
        spare = replace(ORDERS, models=MODELS)
        base = deployed(read_export(ORDERS), recorded="c" * 64)
        assert is_promoted_last(Definitions(base, read(spare)))
        assert not is_promoted_last(Definitions(base, NEW))

    def test_is_base_itself_where_the_record_is_of_its_export(self):
        spare = replace(ORDERS, models=MODELS)
        base = deployed(read_export(ORDERS), recorded=fingerprint(read_export(ORDERS)))
        assert is_promoted_last(Definitions(base, read(spare)))
        assert not is_promoted_last(Definitions(base, NEW))
        assert not is_promoted_last(Definitions(replace(base, recorded=fingerprint(OTHER)), read(spare)))

    def test_is_unknown_where_other_rules_recorded_it_and_base_cannot_be_read(self):
        assert not is_promoted_last(Definitions(deployed(OLD, unreadable=UNREADABLE, recorded="c" * 64), OLD))


class TestServedByBase:
    @pytest.mark.parametrize(
        ("base", "named"),
        [
            (deployed(OLD), deployed(OLD, "dep-9")),
            (deployed(OLD, recorded="c" * 64), deployed(OLD, "dep-9", is_served=False, recorded=fingerprint(OLD))),
            (
                deployed(OLD, unreadable=UNREADABLE, recorded=fingerprint(OLD)),
                deployed(OLD, "dep-9", is_served=False, recorded=fingerprint(OLD)),
            ),
        ],
    )
    def test_is_a_deployment_of_the_same_definition(self, base, named):
        assert is_served_by_base(Definitions(base, OLD, named), STAGE)

    @pytest.mark.parametrize(
        ("base", "named"),
        [
            (deployed(OLD), None),
            (deployed(OLD), deployed(NEW, "dep-9")),
            (deployed(OLD), deployed(OLD, "dep-9", is_served=False)),
            (deployed(OLD, unreadable=UNREADABLE), deployed(OLD, "dep-9")),
        ],
    )
    def test_is_none_that_is_another_or_unknown(self, base, named):
        assert not is_served_by_base(Definitions(base, OLD, named), STAGE)


def test_routes_are_known_with_what_answers_them_where_the_definition_is():
    assert deployed(OLD).known_routes == routes_of(OLD)
    summary = tuple(replace(one, calls="") for one in routes_of(OLD))
    assert Deployed("d", routes=summary).known_routes == summary
