"""Building a model with a person's Python file or module."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from segkit.errors import Problem, SegkitError
from segkit.model.findings import nearest
from segkit.model.model import Model
from segkit.model.segmentation import Segmentation
from segkit.sets import AddressError, LabelParseError, ServiceParseError


def build(text: str) -> tuple[Model, Sequence[Problem]]:
    """The model that `file.py`, `file.py:name`, `module` or `module:name` gives, and the builder's warnings.

    The name is a `Model`, a builder (anything with `build()`), or a function without arguments that returns
    one. Without a name it is the function `build`, else the only model or builder of the module.
    Raises SegkitError with the place in the user's program.
    """
    source, name = _split(text)
    # What the program prints must not get into a report.
    with contextlib.redirect_stdout(sys.stderr), _importable(source):
        module = _run(source, lambda: _import(source))
        thing = _find(module, source, name)
        if callable(thing) and not _builds(thing):
            thing = _run(source, thing)
        if isinstance(thing, Model):
            return thing, ()
        if not _builds(thing):
            raise SegkitError(
                Problem(
                    f"{name or 'build'} gives {type(thing).__name__}, which is neither a model nor a builder",
                    source,
                    fix="return a Segmentation or a Model",
                )
            )
        model = _run(source, thing.build)
    if not isinstance(model, Model):
        raise SegkitError(
            Problem(f"build() gave {type(model).__name__}, not a Model", source, fix="return a Model")
        )
    return model, tuple(getattr(thing, "warnings", ()))


def _split(text: str) -> tuple[str, str]:
    """The source and the name in it. A drive letter (`C:\\policy.py`) is no source."""
    source, colon, name = text.rpartition(":")
    if colon and len(source) > 1 and name.replace(".", "").isidentifier():
        return source, name
    return text, ""


@contextlib.contextmanager
def _importable(source: str) -> Iterator[None]:
    """As `python file.py` does: a file finds its neighbours, a module the working directory.

    Only while it runs: a neighbour called `secrets.py` must not be taken for the library's module afterwards.
    """
    before = list(sys.path)
    sys.path.insert(0, str(Path(source).resolve().parent if source.endswith(".py") else Path.cwd()))
    try:
        yield
    finally:
        sys.path[:] = before


def _import(source: str) -> ModuleType:
    if not source.endswith(".py"):
        return importlib.import_module(source)
    path = Path(source).resolve()
    # A name of its own, so that `secrets.py` or `typing.py` does not become the library's module.
    name = f"_segkit_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _find(module: ModuleType, source: str, name: str) -> Any:
    if name:
        thing: Any = module
        for part in name.split("."):
            if not hasattr(thing, part):
                known = [n for n in vars(thing) if not n.startswith("_")]
                raise SegkitError(Problem(f"there is no {name!r}", source, fix=nearest(part, known, "names")))
            thing = getattr(thing, part)
        return thing
    if callable(getattr(module, "build", None)):
        return module.build
    found = {n: v for n, v in vars(module).items() if isinstance(v, Model | Segmentation)}
    builders = {id(v): v for v in found.values() if isinstance(v, Segmentation)}
    if len(builders) == 1:
        # `model = seg.build()` beside it is the same model, not a second one.
        (builder,) = builders.values()
        if len(found) == 1 or all(v in (builder, builder.build()) for v in found.values()):
            return builder
    elif len({id(v) for v in found.values()}) == 1:
        return next(iter(found.values()))
    if found:
        what = f"several models: {', '.join(sorted(found))}"
        raise SegkitError(Problem(what, source, fix=f"choose one, such as {source}:{min(found)}"))
    raise SegkitError(
        Problem(
            "no model here",
            source,
            fix="write a function build() that returns a Segmentation, or keep one in a module variable",
        )
    )


def _builds(value: object) -> bool:
    """Is it a builder? The label namespace L has every attribute, but nothing to call."""
    return not isinstance(value, type) and callable(getattr(value, "build", None))


def _run(source: str, call: Any) -> Any:
    """Call into the user's program; what goes wrong there becomes a problem with the place in it."""
    try:
        return call()
    except SegkitError:
        raise
    except SyntaxError as error:
        where = f"{error.filename or source}:{error.lineno or 1}"
        raise SegkitError(Problem(f"syntax error: {error.msg}", where, fix="correct the line")) from error
    except FileNotFoundError as error:
        if error.filename and Path(str(error.filename)).resolve() == Path(source).resolve():
            raise SegkitError(Problem(f"there is no file {source}", fix="check the path")) from error
        raise _failed(source, error, "") from error
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if source == missing or source.startswith(f"{missing}."):
            fix = (
                "name a policy file or folder, an intent file (*.intent.json), a Python file (*.py) or a "
                "module that can be imported"
            )
            raise SegkitError(Problem(f"there is no module {source!r}", fix=fix)) from error
        extra = {"cdktf": "segkit[cdktf]", "cdktn": "segkit[cdktn]", "constructs": "segkit[cdktf]"}
        wanted = extra.get(missing.partition(".")[0], missing)
        raise _failed(source, error, f"pip install {wanted!r}, in the environment segkit runs in") from error
    except SystemExit as error:
        raise SegkitError(
            Problem(
                f"the program left with sys.exit({error.code!r})",
                source,
                fix='keep what runs the program under `if __name__ == "__main__":`',
            )
        ) from error
    except Exception as error:
        raise _failed(source, error, "") from error


def _failed(source: str, error: BaseException, fix: str) -> SegkitError:
    """The failure, blamed on the innermost line that is neither Python's nor segkit's."""
    ours = str(Path(__file__).resolve().parents[1])
    own = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if not f.filename.startswith(ours)
        and "importlib" not in f.filename
        and "site-packages" not in f.filename
    ]
    where = f"{own[-1].filename}:{own[-1].lineno}" if own else source
    if isinstance(error, AddressError | LabelParseError | ServiceParseError):  # they say `finding; fix`
        what, _, how = str(error).partition("; ")
        return SegkitError(Problem(what, where, fix=fix or how))
    return SegkitError(Problem(f"{type(error).__name__}: {error}", where, fix=fix or "correct the program"))
