"""Follow import paths, and say which field led nowhere."""

from __future__ import annotations

import importlib
from typing import Any

from trueup.errors import ConfigValueError


def resolve(path: str, where: str) -> Any:
    """Return the object at ``package.module:Name``.

    Parameters
    ----------
    path : str
        The import path.
    where : str
        The field that holds it, for the message.

    Raises
    ------
    ConfigValueError
        If the module cannot be imported, for whatever reason, or has no such name.
    """
    module_name, _, name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a module of the operator's runs here: anything may come out of it
        raise ConfigValueError(
            f"{where}: the module '{module_name}' cannot be imported ({type(error).__name__}: {error})",
            allowed="package.module:Name of a module that Python finds where the node starts",
            action="check the path, and that its directory is in PYTHONPATH or the package is installed",
        ) from error
    if not hasattr(module, name):
        raise ConfigValueError(
            f"{where}: the module '{module_name}' has no '{name}'",
            allowed="package.module:Name of a class",
            action="check the name",
        )
    return getattr(module, name)
