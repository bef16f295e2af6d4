"""What moto works out for each answer, worked out only once: the operation of a request, and the names of an answer's members.

moto matches a request's path with all of a service's routes whenever it needs the operation's name, up to three times for one
request. For each member of each answer it tries every name under which a value may have that member, in two spellings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.moto_seams.hooks import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_OPERATION = "moto.core.responses.BaseResponse._get_action_from_method_and_request_uri"
_NAMES = "moto.core.serialize.XFormedAttributePicker.get_possible_keys"
HOOKS = [_OPERATION, _NAMES]

_names: dict[tuple[object, str, type], tuple[str, ...]] = {}
"""By a member's shape, its name and the class of the value that has it; shapes belong to models, which live as long."""


def install(aws: object) -> None:
    """Remember both."""
    wrap(_OPERATION, aws, _operation)
    wrap(_NAMES, aws, _possible_names)


def _operation(original: Callable[..., Any], _aws: object, response: Any, request: object) -> Any:  # noqa: ANN401 - moto's
    """The request's operation, None without one; what its path says besides is part of what moto finds."""
    found = vars(response).get("_found_operation")
    if found is None or found[0] is not request:
        name = original(response, request)
        found = response._found_operation = (request, name, response.uri_match)  # noqa: SLF001 - kept where moto keeps the rest
    _, name, response.uri_match = found
    return name


def _possible_names(
    original: Callable[..., Iterable[str]],
    _aws: object,
    picker: object,
    context: Any,  # noqa: ANN401 - moto's
) -> tuple[str, ...]:
    asked = (context.shape, context.key, type(context.obj))
    found = _names.get(asked)
    if found is None:
        found = _names[asked] = tuple(dict.fromkeys(original(picker, context)))
    return found
