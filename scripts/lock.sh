#!/usr/bin/env bash
# Write the hashed lock files anew. They name no index, so that any mirror of the Python package index serves.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
common=(--universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet)
"$uv" pip compile pyproject.toml --group build "${common[@]}" --output-file requirements/runtime.txt "$@"
"$uv" pip compile pyproject.toml --group build --group dev "${common[@]}" \
  --constraint requirements/runtime.txt --output-file requirements/dev.txt "$@"
# What `make mutation` needs on top of the development tools.
"$uv" pip compile --group mutation "${common[@]}" --constraint requirements/dev.txt \
  --output-file requirements/mutation.txt "$@"
# The oldest engine that is supported, for the test that starts a node on both ends.
echo 'nautilus_trader==1.222.0' | "$uv" pip compile - pyproject.toml --group build "${common[@]}" \
  --output-file requirements/oldest.txt "$@"
