#!/bin/sh
# Print the path of a Python that the project can run on (3.12 or 3.13), or say what is missing and exit 1.
# A version manager's shim may stand first on PATH and refuse to run, so every candidate is asked, not trusted.
set -u
suits() {
    [ -x "$1" ] || return 1
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not ((3, 12) <= sys.version_info[:2] <= (3, 13)))' 2>/dev/null
}
try() {
    for candidate in "$@"; do
        if suits "$candidate"; then
            printf '%s\n' "$candidate"
            exit 0
        fi
    done
}
[ -n "${PYTHON:-}" ] && try "$(command -v "$PYTHON" || printf '%s' "$PYTHON")"
for name in python3.12 python3.13 python3 python; do
    found=$(command -v "$name" 2>/dev/null) && try "$found"
done
root=${PYENV_ROOT:-$HOME/.pyenv}
try "$root"/versions/3.12*/bin/python3 "$root"/versions/3.13*/bin/python3
try "$HOME"/.local/share/uv/python/cpython-3.12*/bin/python3 "$HOME"/.local/share/uv/python/cpython-3.13*/bin/python3
try /usr/local/bin/python3.12 /usr/local/bin/python3.13 /opt/python/cp312-cp312/bin/python3 /opt/homebrew/bin/python3.12
printf '%s\n' >&2 \
    "trueup: no suitable Python was found." \
    "  found:   none of python3.12, python3.13, python3, python on PATH, nor one under pyenv's or uv's versions folders," \
    "           is Python 3.12 or 3.13 with the venv and ensurepip modules" \
    "  allowed: Python 3.12 or 3.13 (NautilusTrader needs 3.12 or newer; trueup is tested on these two)" \
    "  do:      install one (for example 'pyenv install 3.12', or your system's python3.12 and python3.12-venv packages)," \
    "           or name it: make demo PYTHON=/path/to/python3.12"
exit 1
