#!/usr/bin/env bash
# Run all tests with coverage, three files at a time, and hold the promised coverage.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
rm -f .coverage .coverage.*
unset PYTHONDONTWRITEBYTECODE  # hundreds of processes start: compiling our modules costs each 0.3 s of a core
"$bin/pytest" -q -m "not long" -n "${TRUEUP_TEST_WORKERS:-3}" --dist loadfile --no-loadscope-reorder --durations=30 --cov --cov-report= "$@" 2>&1 | tee .pytest.log
status=${PIPESTATUS[0]}
closing=$(grep -E '^(=+ )?[0-9]+ (passed|failed|error)' .pytest.log | tail -n 1)
rm -f .pytest.log
if [ "$status" -eq 0 ] && [ "$#" -eq 0 ]; then
  "$bin/coverage" report --skip-covered --precision 1 | tail -n 40
  "$bin/coverage" report --format=total --fail-under=90 >/dev/null || { echo "coverage of the whole is below 90 %"; status=1; }
  "$bin/coverage" report --include='src/trueup/config/*' --format=total --fail-under=95 >/dev/null \
    || { echo "coverage of config is below 95 %"; status=1; }
fi
[ -n "$closing" ] && echo "$closing"
exit "$status"
