"""What the store's modules import."""

from __future__ import annotations

import subprocess
import sys


def test_no_module_of_the_store_imports_the_engine() -> None:
    script = (
        "import importlib, pkgutil, sys, trueup.store as store\n"
        "names = [module.name for module in pkgutil.iter_modules(store.__path__, 'trueup.store.')]\n"
        "assert len(names) > 10\n"
        "for name in names: importlib.import_module(name)\n"
        "print(sorted(name for name in sys.modules if name.partition('.')[0] == 'nautilus_trader'))\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
