"""moto as one WSGI application, and as process-wide state that must be cleared.

moto's backends are globals of the process, so a process has only one embedded AWS at a time. moto itself decides, by the
request's signature, which of its parts answers a request.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.utils import camelcase_to_underscores, create_loader, method_names_from_class
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app

from embedded_aws.moto_seams import direct
from embedded_aws.moto_seams.hooks import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

HOOKS = [
    "moto.core.base_backend.BackendDict.reset",
    "moto.core.model_instances.reset_model_data",
    "moto.core.responses.camelcase_to_underscores",
    "moto.core.responses.gen_amzn_requestid_long",
    "moto.core.responses.method_names_from_class",
    "moto.core.utils.create_loader",
    "moto.moto_api._internal.mock_random",
    "moto.moto_server.werkzeug_app.DomainDispatcherApplication.get_application",
    "moto.moto_server.werkzeug_app.MotoRequestHandler",
    "moto.moto_server.werkzeug_app.create_backend_app",
    *direct.HOOKS,
]


def install(_aws: object) -> None:
    """Make moto search a service's class, and botocore's folder of models, only once, and draw a request's id at once.

    moto repeats the first search for every request, as the spelling of the operation's name in Python, and the second for
    every service, a tenth of the start-up time. It draws the 52 characters of an id one by one.
    """
    replace("moto.core.responses.camelcase_to_underscores", cache(camelcase_to_underscores))
    replace("moto.core.responses.gen_amzn_requestid_long", _request_id)
    replace("moto.core.responses.method_names_from_class", cache(method_names_from_class))
    replace("moto.core.utils.create_loader", _loader)


_loader = cache(create_loader)  # moto's own function, before anything is replaced; the cache keeps what it found


def _request_id(headers: dict[str, str]) -> str:
    headers["x-amzn-requestid"] = drawn = f"{mock_random.getrandbits(52 * 4):052X}"
    return drawn


class QuietRequestHandler(MotoRequestHandler):  # type: ignore[misc]  # moto is untyped here
    """moto's HTTP handler without a log line for each request, and without a date of its own: each answer has one already."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin an answer with its status alone."""
        self.send_response_only(code, message)

    def log(self, *_args: object, **_options: object) -> None:
        """Log nothing."""


_WITH_OWN_ROUTES = ("cloudwatch",)  # its seam adds a new route for each embedded AWS


@cache
def application() -> DomainDispatcherApplication:
    """All of moto; its parts are created on first use and stay for the life of the process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)  # it logs what executions and histories show anyway
    return DomainDispatcherApplication(create_backend_app)


def application_for(environ: dict[str, Any]) -> WsgiApp:
    """The part of moto that answers this request."""
    part: WsgiApp = application().get_application(environ)
    return part


def forget_everything(seed: int) -> None:
    """Empty all of moto's backends; the ids that moto makes up start again from ``seed``."""
    for service in _WITH_OWN_ROUTES:
        application().app_instances.pop(service, None)
    BackendDict.reset()
    reset_model_data()
    mock_random.seed(seed)
