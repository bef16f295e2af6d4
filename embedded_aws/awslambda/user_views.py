"""The standard-library modules that user code must not share with the process, each as its own view.

Decides what `os`, `sys`, `time`, `random`, `logging`, `importlib` and `boto3` look like from inside a function: its own
environment variables, simulated time in which ``time.sleep`` adds to the duration without any real wait, seeded randomness,
and output that is collected. Everything else in those modules is shared with the process.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import importlib
import importlib.util
import os
import random
import sys
import time
import types
import typing
from collections import ChainMap
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.user_run import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from embedded_aws.awslambda.user_run import Run


def views(
    run: Run,
    import_module: Callable[..., Any],
    modules: dict[str, ModuleType],
) -> dict[str, Callable[[], ModuleType]]:
    """By module name, a function that makes the view (called once, when user code first imports the module).

    ``modules`` are the environment's own modules by name; a class's module is looked up there.
    """
    makers: dict[str, Callable[[], ModuleType]] = {
        "os": lambda: _os(run),
        "sys": lambda: _sys(run),
        "time": lambda: _time(run),
        "random": lambda: _random(run),
        "logging": lambda: _logging(run),
        "importlib": lambda: _view(importlib, import_module=import_module),
        "dataclasses": lambda: _knowing(dataclasses, modules, _functions(dataclasses)),
        "typing": lambda: _knowing(typing, modules, ["get_type_hints"]),
        "boto3": lambda: _boto3(run),
    }
    return {name: functools.cache(maker) for name, maker in makers.items()}


def _view(module: ModuleType, **own: object) -> ModuleType:
    view = ModuleType(module.__name__, module.__doc__)
    view.__dict__.update(vars(module))
    view.__dict__.update(own)
    return view


def _knowing(module: ModuleType, modules: dict[str, ModuleType], names: Iterable[str]) -> ModuleType:
    """A module whose functions of these names find the module of a user's class, which ``sys.modules`` must not hold.

    ``dataclass`` and ``get_type_hints`` resolve annotations written as text in ``sys.modules[cls.__module__]``. Such
    functions get their own globals, with a `sys` that also knows the zip's modules; everything else is shared.
    """
    view = _view(module, sys=types.SimpleNamespace(**{**vars(sys), "modules": ChainMap(modules, sys.modules)}))
    for name in names:
        function = vars(module)[name]
        own = types.FunctionType(function.__code__, vars(view), name, function.__defaults__, function.__closure__)
        own.__kwdefaults__ = function.__kwdefaults__
        own.__dict__.update(vars(function))
        setattr(view, name, own)
    return view


def _functions(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if isinstance(value, types.FunctionType)]


def _os(run: Run) -> ModuleType:
    environ = run.environ
    return _view(
        os,
        environ=environ,
        getenv=environ.get,
        putenv=environ.__setitem__,
        unsetenv=environ.pop,
    )


def _sys(run: Run) -> ModuleType:
    output = Output(run)
    return _view(sys, stdout=output, stderr=output, path=list(sys.path))


def _time(run: Run) -> ModuleType:
    clocks = ("time", "monotonic", "perf_counter")
    seconds = dict.fromkeys(clocks, run.now)
    nanoseconds = dict.fromkeys([f"{name}_ns" for name in clocks], run.now_ns)
    return _view(time, sleep=run.sleep, **seconds, **nanoseconds)


def _random(run: Run) -> ModuleType:
    methods = {name: getattr(run.random, name) for name in random.__all__ if hasattr(run.random, name)}
    return _view(random, **methods)


def _logging(run: Run) -> ModuleType:
    """A fresh `logging`: the root logger and its level belong to the function, and it writes lines in Lambda's format."""
    spec = importlib.util.find_spec("logging")
    assert spec is not None and spec.loader is not None  # noqa: PT018, S101 - the standard library is there
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    atexit.unregister(module.shutdown)

    class ToLog(module.Handler):  # type: ignore[name-defined, misc]  # the fresh module's own class
        def emit(self, record: Any) -> None:  # noqa: ANN401 - the fresh module's own class
            moment = datetime.fromtimestamp(run.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            run.lines.append(f"[{record.levelname}]\t{moment}\t{run.request_id}\t{self.format(record)}")

    module.root.addHandler(ToLog())
    return module


def _boto3(run: Run) -> ModuleType:
    """`boto3` whose default session is the function's: its region, endpoint and credentials."""
    run.uses_libraries = True
    boto3 = importlib.import_module("boto3")
    get = run.environ.get

    @functools.cache
    def session() -> Any:  # noqa: ANN401 - boto3 is imported only where user code wants it
        return boto3.session.Session(
            aws_access_key_id=get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=get("AWS_SECRET_ACCESS_KEY"),
            region_name=get("AWS_REGION"),
        )

    def client(name: str, **options: Any) -> Any:  # noqa: ANN401 - as above
        return session().client(name, **{"endpoint_url": get("AWS_ENDPOINT_URL"), **options})

    def resource(name: str, **options: Any) -> Any:  # noqa: ANN401 - as above
        return session().resource(name, **{"endpoint_url": get("AWS_ENDPOINT_URL"), **options})

    return _view(boto3, client=client, resource=resource)
