"""Values: frozen, told apart by what they hold, and cheap to declare.

Owns `dataclass`, which for a reader and for the type checker is the standard one. The standard
one writes and compiles six methods for each class when a module is read; a command reads some
hundred and fifty classes and makes values of a few, and this compiling was a third of its start.
Here a frozen class keeps its recipe, and each method is compiled when it is first called.

    @dataclass(frozen=True, slots=True)
    class Loan:
        record: str
        days: int = 14

Rules it keeps:
- What it makes behaves as what the standard one makes: arguments, defaults, comparison, hash,
  repr, match, copy, pickle, `fields`, `replace` and `asdict`. Tests hold the two side by side.
- Classes that are not frozen, or that ask for anything beyond slots, are the standard one's.
- Every annotation is a field that `__init__` takes: no ClassVar, no InitVar, none by name only.
- Stands below everything and imports nothing of ours.
"""

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from threading import RLock
from typing import TYPE_CHECKING, Any

_FIELDS, _PARAMS = "__dataclass_fields__", "__dataclass_params__"
_lock = RLock()  # a class may need the fields of its base while its own are counted


class _Asked:
    """What stands in the place of the fields until somebody asks for them."""

    def __init__(self, name: str, counted: Callable[[], Any]) -> None:
        self._name = name
        self._counted = counted

    def __get__(self, instance: object, owner: type[Any]) -> Any:
        return self._counted().__dict__[self._name]


def _lean(recipe: type[Any], slots: bool) -> Any:
    """The class that `recipe` describes. The recipe itself only ever counts its fields."""
    own = tuple(recipe.__annotations__)
    left_out = {*own, "__dict__", "__weakref__"}
    told = {name: value for name, value in recipe.__dict__.items() if name not in left_out}

    def counted() -> Any:
        with _lock:
            if _FIELDS not in recipe.__dict__:
                recipe.__doc__ = recipe.__doc__ or recipe.__name__  # else it derives a signature
                dataclasses.dataclass(init=False, repr=False, eq=False)(recipe)
                for name in (_FIELDS, _PARAMS):
                    setattr(made, name, recipe.__dict__[name])
        return made

    def first_call(name: str) -> Callable[..., Any]:
        def first(self: Any, *given: Any, **named: Any) -> Any:
            method = _compiled(counted(), name)
            setattr(made, name, method)
            return method(self, *given, **named)

        return first

    told |= {name: first_call(name) for name in _TEXTS if told.get(name) is None}
    told |= {name: _Asked(name, counted) for name in (_FIELDS, _PARAMS)}
    told |= {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
    told |= {"__getstate__": _state, "__setstate__": _set_state}
    told["__match_args__"] = (*getattr(recipe, "__match_args__", ()), *own)
    if slots:
        told["__slots__"] = own
    made: Any = type(recipe)(recipe.__name__, recipe.__bases__, told)  # type: ignore[misc]
    made.__qualname__ = recipe.__qualname__
    return made


def _compiled(made: type[Any], name: str) -> Callable[..., Any]:
    fields = dataclasses.fields(made)
    known: dict[str, Any] = {"put": object.__setattr__, "left_out": MISSING}
    known |= {f"usual_{f.name}": f.default for f in fields}
    known |= {f"new_{f.name}": f.default_factory for f in fields}
    exec(_TEXTS[name](made, fields), known)  # noqa: S102 - made of names of fields alone
    method: Callable[..., Any] = known[name]
    method.__qualname__ = f"{made.__qualname__}.{name}"
    method.__module__ = made.__module__
    return method


def _init(made: type[Any], fields: tuple[Field[Any], ...]) -> str:
    wanted, lines = ["self"], []
    for f in fields:
        assert f.init and not f.kw_only, f"{made.__qualname__}.{f.name}"
        value = f.name
        if f.default is not MISSING:
            wanted.append(f"{f.name}=usual_{f.name}")
        elif f.default_factory is not MISSING:
            wanted.append(f"{f.name}=left_out")
            value = f"new_{f.name}() if {f.name} is left_out else {f.name}"
        else:
            wanted.append(f.name)
        lines.append(f"  put(self, {f.name!r}, {value})")
    lines.append("  self.__post_init__()" if hasattr(made, "__post_init__") else "  return None")
    return "\n".join([f"def __init__({', '.join(wanted)}):", *lines])


def _repr(made: type[Any], fields: tuple[Field[Any], ...]) -> str:
    shown = ", ".join(f"{f.name}={{self.{f.name}!r}}" for f in fields if f.repr)
    return f"def __repr__(self):\n  return f'{{self.__class__.__qualname__}}({shown})'"


def _eq(made: type[Any], fields: tuple[Field[Any], ...]) -> str:
    return (
        "def __eq__(self, other):\n"
        "  if other.__class__ is not self.__class__: return NotImplemented\n"
        f"  return {_compared('self', fields)} == {_compared('other', fields)}"
    )


def _hash(made: type[Any], fields: tuple[Field[Any], ...]) -> str:
    return f"def __hash__(self):\n  return hash({_compared('self', fields)})"


def _compared(who: str, fields: tuple[Field[Any], ...]) -> str:
    return "(" + "".join(f"{who}.{f.name}, " for f in fields if f.compare) + ")"


_TEXTS = {"__init__": _init, "__repr__": _repr, "__eq__": _eq, "__hash__": _hash}


def _refuse_set(self: Any, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for f, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, f.name, value)


if TYPE_CHECKING or sys.version_info >= (3, 14):
    # From there on annotations are not read with the class either; nothing is gained.
    from dataclasses import dataclass as dataclass
else:

    def dataclass(plain=None, /, *, frozen=False, **more):
        """`dataclasses.dataclass`; a frozen class makes its methods at their first call."""
        if frozen and not more.keys() - {"slots"}:
            return lambda recipe: _lean(recipe, more.get("slots", False))
        return dataclasses.dataclass(plain, frozen=frozen, **more)
