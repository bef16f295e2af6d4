"""JSONata in moto's interpreter: expressions, the variables they see, and what happens when one has no value.

moto writes all values into an expression's text without escaping and parses the text each time. Here values are bound
(`embedded_aws.states.expressions`). Expressions see the variables as they were when the state was entered. A Task's own Catch
also applies to its Output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from embedded_aws.moto_seams.hooks import wrap
from embedded_aws.states.expressions import ExpressionError, evaluate

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

_COMPONENT = "moto.stepfunctions.parser.asl.component"
_EXPRESSION = f"{_COMPONENT}.common.string.string_expression"


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def rng(self) -> random.Random:
        """The source of `$random` and `$uuid`."""


def install(aws: Aws) -> None:
    """Make `embedded_aws.states.expressions` evaluate expressions."""
    for name, replacement in _METHODS.items():
        wrap(name, aws, replacement)


def _enter(original: Callable[..., None], _aws: Aws, state: Any, env: Any) -> None:  # noqa: ANN401 - moto's
    """Enter a state: keep the variables that all its expressions see."""
    store = env.variable_store
    store.entered_with = dict(store._outer_scope), dict(store._inner_scope)  # noqa: SLF001 - a seam
    original(state, env)


def _variables(env: Any) -> dict[str, Any]:  # noqa: ANN401 - moto's
    """The variables at the time the state was entered (docs/aws.md#variables); those of inner scopes come first."""
    outer, inner = env.variable_store.entered_with
    return {**outer, **inner}


def _eval_jsonata(_original: object, aws: Aws, string: Any, env: Any) -> None:  # noqa: ANN401 - moto's
    data = env.states._states_data  # noqa: SLF001 - a seam
    states = {name: value for name, value in data.items() if value is not None or name == "input"}
    _push(env, string.expression, {**_variables(env), "states": states}, aws.rng)


def _eval_variable(_original: object, aws: Aws, sample: Any, env: Any) -> None:  # noqa: ANN401 - moto's
    if sample.query_language_mode == QueryLanguageMode.JSONata:
        _eval_jsonata(_original, aws, sample, env)
    else:
        _push(env, sample.expression, _variables(env), aws.rng)


def _push(env: Any, text: str, variables: Mapping[str, Any], rng: random.Random) -> None:  # noqa: ANN401 - moto's
    try:
        env.stack.append(evaluate(text, variables, rng))
    except ExpressionError as error:
        raise _query_evaluation_error(env, f"The JSONata expression '{text}' {error}.") from error


def _query_evaluation_error(env: Any, cause: str) -> FailureEventException:  # noqa: ANN401 - moto's
    """The error as an exception, also written to the history."""
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    kind = api.HistoryEventType.EvaluationFailed
    details = api.EvaluationFailedEventDetails(cause=cause, error=name.error_name)
    event = FailureEvent(env, name, kind, EventDetails(evaluationFailedEventDetails=details))
    exception = FailureEventException(failure_event=event)
    shown = EventDetails(evaluationFailedEventDetails=exception.get_evaluation_failed_event_details())
    env.event_manager.add_event(context=env.event_history_context, event_type=kind, event_details=shown)
    env.event_manager.shown_already = event.event_details  # a Task state would otherwise write it a second time
    return exception


def _eval_output(original: Callable[..., None], _aws: Aws, state: Any, env: Any) -> None:  # noqa: ANN401 - moto's
    """Evaluate a Task's Output. If it fails, the Task's own Catch applies and the state's assignments are undone."""
    try:
        original(state, env)
    except FailureEventException as error:
        if not state.catch:
            raise
        _take_back_assignments(env.variable_store)
        env.states.set_error_output(state._construct_error_output_value(error.failure_event))  # noqa: SLF001 - a seam
        state._handle_catch(env=env, failure_event=error.failure_event)  # noqa: SLF001 - a seam
        if env.stack[-1] is not CatchOutcome.Caught:
            raise


def _take_back_assignments(store: Any) -> None:  # noqa: ANN401 - moto's
    _, inner = store.entered_with
    store._inner_scope.clear()  # noqa: SLF001 - a seam
    store._inner_scope.update(inner)  # noqa: SLF001 - a seam
    store.reset_tracing()


_METHODS: dict[str, Callable[..., Any]] = {
    f"{_EXPRESSION}.StringJSONata._eval_body": _eval_jsonata,
    f"{_EXPRESSION}.StringVariableSample._eval_body": _eval_variable,
    f"{_COMPONENT}.state.exec.execute_state.ExecutionState._eval_state_output": _eval_output,
    f"{_COMPONENT}.state.state.CommonStateField._eval_body": _enter,
}
HOOKS = [*_METHODS]
