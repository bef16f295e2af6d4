"""One zip's code, loaded into its own namespace, as one Lambda execution environment would load it.

Decides where a name in user code is found: first in the zip, then among the views of `user_views`, then in the
process. Nothing loaded here is registered in ``sys.modules``, so two versions of a function can hold different
modules of the same name. It knows nothing of versions or aliases, or of where log lines go.
"""

from __future__ import annotations

import builtins
import io
import shutil
import sys
import tempfile
import weakref
import zipfile
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.user_run import CodeError, Run
from embedded_aws.awslambda.user_views import views

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Package:
    """The modules of one zip, compiled at most once, however many environments run them.

    ``root`` is where the zip appears to be unpacked (``__file__``). A zip that holds more than Python sources really is
    unpacked, so that code can read the files next to it. The folder is removed together with the package.
    """

    def __init__(self, archive: bytes) -> None:
        self.root = Path("/var/task")
        self._sources: dict[str, tuple[str, bytes]] = {}
        self._codes: dict[str, CodeType] = {}
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            names = [info.filename for info in opened.infolist() if not info.is_dir()]
            for name in names:
                if name.endswith(".py"):
                    self._sources[_dotted(name)] = (name, opened.read(name))
            if len(self._sources) < len(names):
                self.root = Path(tempfile.mkdtemp(prefix="lambda-"))
                weakref.finalize(self, shutil.rmtree, self.root, ignore_errors=True)
                opened.extractall(self.root)
        self._folders = {parent for name in self._sources for parent in _parents(name)}
        self.tops = {name.partition(".")[0] for name in self._sources}

    def __contains__(self, name: str) -> bool:
        return name in self._sources or name in self._folders

    def is_package(self, name: str) -> bool:
        """Whether the module can contain modules: a folder, with or without ``__init__.py``."""
        source = self._sources.get(name)
        return source is None or source[0].endswith("__init__.py")

    def path(self, name: str) -> Path:
        """Where the module's source appears to be; the folder itself if it has no source."""
        source = self._sources.get(name)
        return self.root / (source[0] if source else name.replace(".", "/"))

    def code(self, name: str) -> CodeType | None:
        """The compiled module; None for a folder without ``__init__.py``."""
        source = self._sources.get(name)
        if source is None:
            return None
        if name not in self._codes:
            self._codes[name] = compile(source[1], str(self.root / source[0]), "exec", dont_inherit=True)
        return self._codes[name]


class Namespace:
    """The modules of one running environment. Calling it performs user code's ``import``."""

    def __init__(self, package: Package, run: Run) -> None:
        self._package = package
        self._run = run
        self._modules: dict[str, ModuleType] = {}
        self._views = views(run, self.import_module, self._modules)
        self._builtins = {**vars(builtins), "__import__": self, "print": run.print}

    def import_module(self, name: str, package: str | None = None) -> Any:  # noqa: ANN401 - a module's attributes are its own
        """``importlib.import_module`` for user code."""
        level = len(name) - len(name.lstrip("."))
        return self(name[level:], {"__package__": package}, None, ("__name__",), level)

    def __call__(
        self,
        name: str,
        caller: Mapping[str, Any] | None = None,
        _locals: object = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:  # noqa: ANN401 - a module's attributes are its own
        """``__import__`` for user code: the zip first, then the views, then the process."""
        absolute = _absolute(name, caller or {}, level)
        if absolute.partition(".")[0] not in self._package.tops:
            return self._import_outside(absolute, fromlist or ())
        module = self._load(absolute)
        if not fromlist:
            return self._modules[absolute.partition(".")[0]]
        for item in getattr(module, "__all__", ()) if "*" in fromlist else fromlist:
            if not hasattr(module, item) and f"{absolute}.{item}" in self._package:
                self._load(f"{absolute}.{item}")
        return module

    def _import_outside(self, name: str, fromlist: Sequence[str]) -> Any:  # noqa: ANN401 - as above
        top, _, inner = name.partition(".")
        view = self._views.get(top)
        if view is None:
            self._run.uses_libraries |= top not in sys.stdlib_module_names
            return builtins.__import__(name, None, None, fromlist or (), 0)
        if not inner:
            return view()
        found = builtins.__import__(name, None, None, ("__name__",), 0)
        if fromlist:
            return found
        setattr(view(), inner.partition(".")[0], sys.modules[f"{top}.{inner.partition('.')[0]}"])
        return view()

    def _load(self, name: str) -> ModuleType:
        if name in self._modules:
            return self._modules[name]
        if name not in self._package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        parent, _, own_name = name.rpartition(".")
        holder = self._load(parent) if parent else None
        module = self._modules[name] = self._new_module(name, parent)
        try:
            code = self._package.code(name)
            if code is not None:
                exec(code, module.__dict__)  # noqa: S102 - running user code is what a Lambda does
        except BaseException:
            del self._modules[name]
            raise
        if holder is not None:
            setattr(holder, own_name, module)
        return module

    def _new_module(self, name: str, parent: str) -> ModuleType:
        module = ModuleType(name)
        path = self._package.path(name)
        module.__dict__.update(__file__=str(path), __builtins__=self._builtins, __package__=parent)
        if self._package.is_package(name):
            module.__dict__.update(__path__=[str(path.parent)], __package__=name)
        return module


def find_handler(namespace: Namespace, handler: str) -> Callable[[Any, Any], Any]:
    """The callable that a function's ``Handler`` setting names; raises Lambda's own error types if there is none."""
    module_name, _, attribute = handler.rpartition(".")
    module_name = module_name.replace("/", ".")
    try:
        module = namespace.import_module(module_name)
    except ImportError as error:
        raise CodeError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise CodeError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}") from error
    found = getattr(module, attribute, None)
    if not callable(found):
        raise CodeError("Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{module_name}'")
    return found  # type: ignore[no-any-return]  # nothing more is known of what user code defined than that it is callable


def _dotted(path: str) -> str:
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _absolute(name: str, caller: Mapping[str, Any], level: int) -> str:
    if not level:
        return name
    package = caller.get("__package__") or ""
    parts = package.split(".") if package else []
    if len(parts) < level:
        raise ImportError("attempted relative import beyond top-level package")
    base = ".".join(parts[: len(parts) - level + 1])
    return f"{base}.{name}" if name else base
