"""The definition as written: what no run can show for every state, and errors that would only appear in an account."""

import ast
import inspect
import json
import re
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import get_type_hints

import jsonata
import pytest
import yaml
from pydantic import AliasPath
from pydantic.fields import FieldInfo

from canary.aws import errors
from canary.edge import events
from canary.rules.looks.drain import DrainKind
from canary.rules.looks.promotion import REVERTED
from canary.rules.releases import problems
from canary.rules.rollouts.phases import LATE_WRITER_SECONDS, Answer, Phase
from canary.tasks.make_safe import ENDINGS
from canary_machine.definition import PLACEHOLDER, SOURCE, SubstitutionError, load, states_of, substitute, task_names

DEFINITION = load()
STATES = dict(states_of(DEFINITION))
(BRANCH,) = STATES["Rollout"]["Branches"]
TASKS = {name: STATES[name] for name in task_names(DEFINITION)}
CHOICES = {name: state for name, state in STATES.items() if state["Type"] == "Choice"}
ROOM = Path(__file__).parents[2] / "functions" / "canary" / "tasks"
CALLED_BY_EVENTS = {"GuardRollout", "SweepTargets", "HearAlarm", "GuardDeletion", "SendNotification", "KeepReport"}
CALLED_BY_PEOPLE = {"OperateRollout", "AuthorizeRollout", "ShowRollouts"}
READ = re.compile(r"\$(?!states\b)([a-zA-Z_]\w*)\b(?!\()")
LAMBDAS_TROUBLES = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
}


def scopes():
    return [pytest.param(DEFINITION, id="the machine"), pytest.param(BRANCH, id="the branch")]


def following(state):
    """Every (name, is_caught) that may come next."""
    for choice in state.get("Choices", ()):
        yield choice["Next"], None
    for catcher in state.get("Catch", ()):
        yield catcher["Next"], catcher
    for key in ("Next", "Default"):
        if key in state:
            yield state[key], None


def strings(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def expressions(value):
    return [text for text in strings(value) if "{%" in text]


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def tree_of(name):
    return ast.parse((ROOM / f"{snake(name)}.py").read_text(encoding="utf-8"))


# The graph.


@pytest.mark.parametrize("scope", scopes())
def test_every_transition_leads_to_a_state_of_its_scope(scope):
    named = {scope["StartAt"], *(name for state in scope["States"].values() for name, _ in following(state))}
    assert named <= {*scope["States"]}


@pytest.mark.parametrize("scope", scopes())
def test_every_state_can_be_reached(scope):
    reached, ahead = set(), [scope["StartAt"]]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += [after for after, _ in following(scope["States"][name])]
    assert reached == {*scope["States"]}


@pytest.mark.parametrize(("name", "state"), STATES.items(), ids=STATES)
def test_every_state_either_ends_or_goes_on(name, state):
    ends = state.get("End", False) or state["Type"] in {"Succeed", "Fail"}
    goes_on = "Default" in state if state["Type"] == "Choice" else "Next" in state
    assert ends != goes_on, name


def test_state_names_are_unique_across_scopes():
    assert len(STATES) == len([*states_of(DEFINITION)])


@pytest.mark.parametrize(("name", "state"), STATES.items(), ids=STATES)
def test_every_state_says_what_it_is_for(name, state):
    assert state["Comment"].endswith((".", "?")), name


# Tasks.


@pytest.mark.parametrize("state", TASKS.values(), ids=TASKS)
def test_every_task_outlives_its_function(state):
    assert state["TimeoutSeconds"] > LATE_WRITER_SECONDS
    assert state["Resource"] == "arn:aws:states:::lambda:invoke"


@pytest.mark.parametrize("state", TASKS.values(), ids=TASKS)
def test_every_task_is_tried_again_after_lambdas_own_troubles(state):
    retrier, throttled = state["Retry"]
    assert {*retrier["ErrorEquals"]} >= LAMBDAS_TROUBLES
    assert retrier["MaxAttempts"] >= 3
    assert {retrier["JitterStrategy"], throttled["JitterStrategy"]} == {"FULL"}
    assert (throttled["ErrorEquals"], throttled["MaxAttempts"]) == (["AwsThrottledError"], 20)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_caught_or_inside_the_branch_that_is(name):
    catchers = TASKS[name].get("Catch", STATES["Rollout"]["Catch"] if name in BRANCH["States"] else ())
    assert catchers[-1]["ErrorEquals"] == ["States.ALL"]
    assert all("States.ALL" not in catcher["ErrorEquals"] for catcher in catchers[:-1])


def test_whatever_fails_once_the_lock_is_taken_leads_to_safety():
    assert [catcher["Next"] for catcher in STATES["Rollout"]["Catch"]] == ["MakeSafe"]
    assert STATES["TakeLock"]["Catch"][-1]["Next"] == "MakeSafe"
    assert STATES["MakeSafe"]["Catch"][-1]["Next"] == "NeedsOperator"
    assert STATES["CheckRelease"]["Catch"][-1]["Next"] == "Refused"


def test_the_whole_input_is_evaluated_only_where_what_it_does_is_caught():
    readers = {name: state for name, state in STATES.items() if "{% $states.context.Execution.Input %}" in strings(state)}

    assert {*readers} == {"CheckRelease", "AdvanceRollout"}
    for state in readers.values():
        first = state["Catch"][0]
        assert (first["ErrorEquals"], first["Next"]) == (["States.QueryEvaluationError", "States.DataLimitExceeded"], "Refused")


def test_only_states_that_can_be_caught_or_cannot_fail_are_outside_the_branch():
    outside = {name: DEFINITION["States"][name]["Type"] for name in DEFINITION["States"]}
    uncaught = {name for name, kind in outside.items() if kind in {"Choice", "Wait"}}
    settles = {"VersionActivation", "ReplacementSettle", "SafetySettle", "Watch"}
    assert uncaught == {"WhichOperation", "WhichStart", "WhichOutcome", "WhichEnding", *settles}


@pytest.mark.parametrize(
    "name",
    [
        error
        for state in STATES.values()
        for key in ("Retry", "Catch")
        for each in state.get(key, ())
        for error in each["ErrorEquals"]
    ],
)
def test_every_error_is_aws_own_or_a_class_of_ours(name):
    if name.startswith(("States.", "Lambda.", "Runtime.", "Sandbox.")):
        return
    ours = {**vars(errors), **vars(problems)}
    assert issubclass(ours[name], Exception)


def test_the_placeholders_are_the_tasks():
    assert {*PLACEHOLDER.findall(json.dumps(DEFINITION))} == {f"{name}Arn" for name in TASKS}
    assert all(state["Arguments"]["FunctionName"] == f"${{{name}Arn}}" for name, state in TASKS.items())


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_a_file_with_a_handler(name):
    assigned = {target.id for node in tree_of(name).body if isinstance(node, ast.Assign) for target in node.targets}
    assert "handler" in assigned


def test_every_file_with_a_handler_is_a_task_or_called_by_events():
    files = {
        path.stem for path in ROOM.glob("*.py") if re.search(r"^handler = ", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert files == {snake(name) for name in {*TASKS} | CALLED_BY_EVENTS | CALLED_BY_PEOPLE}


def event_of(name):
    """The event's class that the task's module reads: `handler = Handler(on(TaskEvent), ...)`."""
    (call,) = [node for node in ast.walk(tree_of(name)) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "on"]
    return getattr(events, call.args[0].id)


def key_of(annotation, name):
    """The key of a field in the event."""
    for item in getattr(annotation, "__metadata__", ()):
        if isinstance(item, FieldInfo) and item.validation_alias is not None:
            alias = item.validation_alias
            return alias.path[0] if isinstance(alias, AliasPath) else alias
    return name


@pytest.mark.parametrize("name", TASKS)
def test_every_payload_is_the_event_that_its_function_reads(name):
    event = event_of(name)
    hints = get_type_hints(event, include_extras=True)
    assert {*TASKS[name]["Arguments"]["Payload"]} == {key_of(hints[field.name], field.name) for field in fields(event)}


@pytest.mark.parametrize("name", TASKS)
def test_every_answer_that_is_read_is_given(name):
    read = {key for text in expressions(TASKS[name]) for key in re.findall(r"result\.Payload\.(\w+)", text)}
    keys = {node.value for node in ast.walk(tree_of(name)) if isinstance(node, ast.Constant)}
    assert read <= keys


@pytest.mark.parametrize("name", TASKS)
def test_the_consoles_reader_sees_a_tasks_answer_alone(name):
    """Not the whole call of Lambda, with its headers; and of the checks not the draft, which is the whole record."""
    shown = TASKS[name]["Output"]
    if name == "CheckRelease":
        assert {*re.findall(r"'(\w+)': \$states\.result\.Payload\.\1\b", shown)} >= {"start", "target", "reason"}
        assert "draft" not in shown
    else:
        assert shown == "{% $states.result.Payload %}"


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_told_the_time_that_it_was_entered(name):
    assert TASKS[name]["Arguments"]["Payload"]["now"] == "{% $states.context.State.EnteredTime %}"


# Choices.

SAFE_DEFAULTS = {
    "WhichOperation": "CheckRelease",
    "WhichStart": "Refused",
    "WhichEntry": "PrepareRelease",
    "WhichBeginning": "ShiftTraffic",
    "WhichOutcome": "MakeSafe",
    "WhichVerdict": "CanaryRejected",
    "WhichDrain": "CanaryRejected",
    "WhichFlip": "FlipStage",
    "WhichEnding": "NeedsOperator",
}


def test_what_a_choice_does_not_know_goes_the_safe_way():
    assert {name: state["Default"] for name, state in CHOICES.items()} == SAFE_DEFAULTS


@pytest.mark.parametrize("state", CHOICES.values(), ids=CHOICES)
def test_a_choice_compares_one_word(state):
    for choice in state["Choices"]:
        compared = choice["Condition"].removeprefix("{% ").removesuffix(" %}")
        assert re.fullmatch(r"(\$\w+) = '[A-Z_]+'( or \1 = '[A-Z_]+')*", compared)


def words_of(name):
    return {word for choice in STATES[name]["Choices"] for word in re.findall(r"'([A-Z_]+)'", choice["Condition"])}


def test_every_word_that_a_choice_knows_is_one_that_a_task_says():
    assert words_of("WhichVerdict") == {"BAKE", "SHIFT", "PROMOTE", "PARK"}
    assert words_of("WhichVerdict") < {
        node.value for node in ast.walk(tree_of("EvaluateCanary")) if isinstance(node, ast.Constant)
    }
    assert words_of("WhichDrain") == {*DrainKind} - {DrainKind.ROLL_BACK}
    assert words_of("WhichEnding") == {Answer.WAIT, *ENDINGS.values(), REVERTED.upper()}
    assert words_of("WhichStart") == {"READY", "ADVANCE", "UNCHANGED", "WAIT", "REPLACE"}
    assert words_of("WhichOutcome") == {
        *(ENDINGS[Phase.WATCHING], ENDINGS[Phase.PROMOTED], Phase.PARKED.upper()),
        *("REVERTING", REVERTED.upper()),
    }
    assert words_of("WhichFlip") == {"CLEAN_UP"}


# Names.


def names_of(*kinds):
    return {name for name, state in STATES.items() if state["Type"] in kinds}


def test_tasks_are_verbs():
    assert names_of("Task") == {
        "CheckRelease",
        "AdvanceRollout",
        "ReplaceRollout",
        "TakeLock",
        "PrepareRelease",
        "ShiftTraffic",
        "EvaluateCanary",
        "ParkRollout",
        "TakeAllTraffic",
        "CheckDrain",
        "MoveBase",
        "FlipStage",
        "CleanUp",
        "MakeSafe",
        "WatchPromotion",
    }


def test_waits_are_nouns():
    settles = {"ReplacementSettle", "AliasSettle", "TrafficSettle", "BaseSettle", "FlipSettle", "SafetySettle"}
    assert names_of("Wait") == {"VersionActivation", "Bake", "Watch", *settles}


def test_choices_are_questions():
    assert all(name.startswith("Which") for name in CHOICES)
    assert all(STATES[name]["Comment"].count("?") == 1 for name in CHOICES)


def test_endings_are_past_participles_and_three_succeed():
    assert names_of("Succeed") == {"Promoted", "Parked", "Unchanged"}
    assert names_of("Fail") == {"Refused", "RolledBack", "Reverted", "NeedsOperator", "CanaryRejected"}


@pytest.mark.parametrize("name", names_of("Fail"))
def test_a_failure_is_called_by_its_states_name(name):
    assert STATES[name]["Error"] == name
    assert STATES[name]["Cause"].startswith("{% $")


# Expressions and variables.


@pytest.mark.parametrize("text", sorted({text for text in strings(DEFINITION) if re.search(r"\{%|%\}|\$states|^\$\w", text)}))
def test_every_expression_is_whole_and_parses(text):
    assert text.startswith("{% ")
    assert text.endswith(" %}")
    jsonata.Jsonata(text.removeprefix("{%").removesuffix("%}"))


def read_by(state, catcher=None):
    """The variables that a state reads, or that its catcher does once it failed."""
    texts = expressions(catcher or {key: value for key, value in state.items() if key not in {"Catch", "Branches"}})
    return {name for text in texts for name in READ.findall(text)}


def assigned_on(state, catcher):
    """What is assigned on the way out of a state; a caught state's own assignments are not made."""
    return {*(catcher or state).get("Assign", {})}


def known_on_entry(scope, outer):
    """By state, the variables that have a value on every path to it."""
    known = {scope["StartAt"]: outer}
    ahead = [scope["StartAt"]]
    while ahead:
        name = ahead.pop()
        state = scope["States"][name]
        for after, catcher in following(state):
            here = known[name] | assigned_on(state, catcher)
            if after not in known or known[after] - here:
                known[after] = known.get(after, here) & here
                ahead.append(after)
    return known


OUTER = known_on_entry(DEFINITION, set())
KNOWN = {**OUTER, **known_on_entry(BRANCH, OUTER["Rollout"])}


@pytest.mark.parametrize("name", STATES)
def test_every_variable_that_is_read_has_a_value_on_every_way_there(name):
    state = STATES[name]
    read = read_by(state).union(*(read_by(state, catcher) for catcher in state.get("Catch", ())))
    assert read <= KNOWN[name]


def test_every_variable_of_the_machine_begins_with_a_value():
    assigned = {key for state in DEFINITION["States"].values() for key in assigned_on(state, None)}
    read = {name for state in DEFINITION["States"].values() for name in read_by(state)}
    assert assigned - {*DEFINITION["States"]["Begin"]["Assign"]} <= {"start", "answer"}
    assert read <= assigned


def test_the_branch_assigns_no_variable_of_the_machine():
    outer, inner = (
        {
            key
            for state in scope["States"].values()
            for where in (state, *state.get("Catch", ()))
            for key in where.get("Assign", {})
        }
        for scope in (DEFINITION, BRANCH)
    )
    assert not outer & inner


@pytest.mark.parametrize("name", names_of("Succeed", "Fail"))
def test_an_ending_assigns_nothing(name):
    assert "Assign" not in STATES[name]


# Loading.


def arns(size=100):
    return {f"{name}Arn": f"arn:aws:lambda:eu-west-1:123456789012:function:{name}".ljust(size, "x") for name in TASKS}


def test_parses_before_anything_is_put_in():
    written = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    assert written == DEFINITION
    assert json.loads(json.dumps(DEFINITION)) == DEFINITION
    assert (DEFINITION["QueryLanguage"], DEFINITION["StartAt"]) == ("JSONata", "Begin")


def test_puts_the_functions_in():
    definition = json.loads(substitute(DEFINITION, arns()))
    assert definition["States"]["MakeSafe"]["Arguments"]["FunctionName"] == arns()["MakeSafeArn"]
    assert not PLACEHOLDER.search(json.dumps(definition))


def test_is_smaller_than_a_definition_may_be():
    assert len(substitute(DEFINITION, arns(2048)).encode()) < 1_048_576


def test_refuses_arns_that_do_not_fit():
    wanted = arns()
    wanted["NoSuchArn"] = wanted.pop("CleanUpArn")
    with pytest.raises(SubstitutionError) as refused:
        substitute(DEFINITION, wanted)
    assert str(refused.value) == "placeholders without a value: ['CleanUpArn']; values without a placeholder: ['NoSuchArn']"


def test_every_error_of_ours_says_so_in_its_name():
    ours = [name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    assert all(name.endswith("Error") for name in ours)


def test_every_state_has_a_line_above_it_that_says_what_is_true_when_it_is_entered():
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    above = {line.strip().removesuffix(":"): before.strip() for before, line in pairwise(lines)}
    assert [name for name in STATES if not above[name].startswith("# ")] == []
