"""Use cases are read when something of them is first used.

A command's module names at its top all that its commands need: `from archivist import lending`.
Most calls use a part of it, and a help page none. So the program puts `Reader` before Python's
own finders: a module directly below one of our rooms is known by its name at once, and its text is
read at the first look into it. `from archivist.lending import issue` looks into it, so whoever
wants to be cheap writes the first form; neither form behaves otherwise.

Rules it keeps:
- Imports stay at the top of a file, where people, the type checker and the import contracts see
  them. A module that does not exist is missed at once.
- Only what is ours waits, and only in the program: tests and scripts read everything at once.
- Threads that look at the same moment wait for the one reading. Whoever looks from within the
  reading (modules that import each other) sees what there is, as in any import.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # importing the real one costs more than this module saves a help page

ROOMS = ("archivist", "archivist.cli", "storage", "index", "policies")

_lock = RLock()


class _Waiting(ModuleType):
    """A module whose text is not read yet."""

    def __getattr__(self, name: str) -> Any:
        # Called for what is not there; once read, a module is of the usual kind again. Python
        # itself asks for `__file__` and the like while it still fills them in: that is no look.
        if not name.startswith("__"):
            with _lock:
                loader = self.__spec__.loader if self.__spec__ else None
                if isinstance(loader, _Later):
                    loader.read(self)
        return ModuleType.__getattribute__(self, name)


class _Later(Loader):
    """Makes a module that waits, and reads it once."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Waiting(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is read before somebody looks."""

    def read(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader
        try:
            self._loader.exec_module(module)
        except BaseException:
            module.__spec__.loader = self  # a next look fails in the same way, not in another
            raise
        module.__class__ = ModuleType


class Reader:
    """Finds our modules as Python does, and lets them wait."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.rpartition(".")[0] not in ROOMS:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.submodule_search_locations is None:
            spec.loader = _Later(spec.loader)
        return spec


def read_later() -> None:
    """From here on modules wait until they are used."""
    sys.meta_path.insert(0, Reader)
