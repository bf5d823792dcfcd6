"""Taking a guard out of the product while it runs: one expression of one function, and back again.

The function's own source is read, the expression is replaced, and what the compiler makes of it is
put into the function that is there. So everybody who has imported the function has the other one,
and nothing is imported twice.
"""

import ast
import importlib
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import billfold

_ROOT = Path(billfold.__file__).parent


class NotThereError(Exception):
    """The product has no such function, or not this text in it, exactly once."""


@dataclass(frozen=True)
class Cut:
    """In the function ``where`` ("services.settle:end"), ``text`` becomes ``instead``."""

    where: str
    text: str
    instead: str = ""

    @property
    def module(self) -> ModuleType:
        return importlib.import_module(f"billfold.{self.where.partition(':')[0]}")

    @property
    def name(self) -> str:
        return self.where.partition(":")[2]


@contextmanager
def removed(cuts: Sequence[Cut]) -> Iterator[None]:
    """Run what is inside without these guards.

    Raises
    ------
    NotThereError
    """
    kept: list[tuple[FunctionType, CodeType]] = []
    try:
        for where in dict.fromkeys(cut.where for cut in cuts):
            mine = [cut for cut in cuts if cut.where == where]
            code = _without(mine)
            function = _function(mine[0])
            if code == function.__code__:
                raise NotThereError(f"{where}: nothing is changed")
            kept.append((function, function.__code__))
            function.__code__ = code
        yield
    finally:
        for function, before in kept:
            function.__code__ = before


def _without(cuts: Sequence[Cut]) -> CodeType:
    """Compile a function as it is without some guards."""
    first = cuts[0]
    path = _ROOT.joinpath(*first.where.partition(":")[0].split(".")).with_suffix(".py")
    source = path.read_text()
    start, end = _span(ast.parse(source), first)
    lines = source.splitlines(keepends=True)
    function = "".join(lines[start:end])
    for cut in cuts:
        if function.count(cut.text) != 1:
            found = function.count(cut.text)
            raise NotThereError(f"{cut.where} has {cut.text!r} {found} times, not once")
        function = function.replace(cut.text, cut.instead)
    whole = "".join(lines[:start]) + function + "".join(lines[end:])
    compiled = compile(whole, str(path), "exec", dont_inherit=True)
    return next(code for code in _codes(compiled) if code.co_qualname == first.name)


def _span(tree: ast.Module, cut: Cut) -> tuple[int, int]:
    """Give the lines of a function or method, the first and the one after the last."""
    body: list[ast.stmt] = tree.body
    found: ast.stmt | None = None
    for name in cut.name.split("."):
        named = (one for one in body if getattr(one, "name", "") == name)
        found = next(named, None)
        if not isinstance(found, ast.FunctionDef | ast.ClassDef):
            raise NotThereError(f"{cut.where} is not there")
        body = found.body
    assert found is not None
    assert found.end_lineno is not None
    return found.lineno - 1, found.end_lineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _function(cut: Cut) -> FunctionType:
    """Find the function itself below what decorates it."""
    holder: Any = cut.module
    *classes, last = cut.name.split(".")
    for name in classes:
        holder = getattr(holder, name)
    found = inspect.getattr_static(holder, last)
    match found:
        case property():
            found = found.fget
        case cached_property():
            found = found.func
        case staticmethod() | classmethod():
            found = found.__func__
        case _:
            pass
    function = inspect.unwrap(found)
    assert isinstance(function, FunctionType), cut.where
    return function
