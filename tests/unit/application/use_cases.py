"""The use cases: every class of the application that can be called."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import Any, Protocol

import whatsapp_hub.application

EXECUTED: set[type] = set()
"""Those that a test of this session called."""


@cache
def use_cases() -> frozenset[Any]:
    found = set()
    for module in pkgutil.walk_packages(whatsapp_hub.application.__path__, "whatsapp_hub.application."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            is_own = kind.__module__ == module.name and not kind.__name__.startswith("_")
            is_port = Protocol in kind.__mro__ or ".ports." in kind.__module__
            if is_own and not is_port and "__call__" in vars(kind):
                found.add(kind)
    return frozenset(found)
