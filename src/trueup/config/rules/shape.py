"""Problems of the file itself. The loader finds them; here they have their words."""

from __future__ import annotations

from trueup.config.problems import ProblemKind
from trueup.config.rules.rule import Rule, Severity

UNREADABLE = Rule(
    ProblemKind.UNREADABLE,
    "unreadable-file",
    Severity.ERROR,
    why="Nothing can be said about a file that cannot be read or is not TOML.",
    source="TOML 1.0",
    action="Check the path, its permissions, and the line that the parser names.",
)

SHAPE_RULES: tuple[Rule, ...] = (
    UNREADABLE,
    Rule(
        ProblemKind.UNKNOWN_FIELD,
        "unknown-field",
        Severity.ERROR,
        why="A misspelt field is a setting that silently does not apply, so unknown fields are refused.",
        source="trueup's settings",
        action="Correct the name, or remove the field.",
    ),
    Rule(
        ProblemKind.MISSING_FIELD,
        "missing-field",
        Severity.ERROR,
        why="The field has no default, because no default would be right for everybody.",
        source="trueup's settings",
        action="Add the field.",
    ),
    Rule(
        ProblemKind.WRONG_TYPE,
        "wrong-type",
        Severity.ERROR,
        why="The value is not of the field's type; the engine checks no types when it is configured.",
        source="measured on NautilusTrader 1.231.0: only validate() checks, construction does not",
        action="Give a value of the type that is named.",
    ),
    Rule(
        ProblemKind.OUT_OF_RANGE,
        "out-of-range",
        Severity.ERROR,
        why="The value crosses a limit below or above which the setting is known not to work.",
        source="the limits of the reconciliation plan and of NautilusTrader's own configuration",
        action="Give a value within the range that is named.",
    ),
    Rule(
        ProblemKind.NOT_ALLOWED,
        "not-allowed",
        Severity.ERROR,
        why="The value is none of those that the field takes, or contradicts another field.",
        source="trueup's settings",
        action="Choose one of the values that are named.",
    ),
    Rule(
        ProblemKind.LITERAL_SECRET,
        "literal-secret",
        Severity.ERROR,
        why="A secret in a configuration file ends in version control, in a backup and on a screen.",
        source="trueup's settings",
        action="Give it by environment variable or secrets file, and replace it at the venue or server.",
    ),
    Rule(
        ProblemKind.MISSING_VARIABLE,
        "missing-variable",
        Severity.ERROR,
        why="The file refers to an environment variable that is not set and gives no default.",
        source="trueup's settings",
        action='Set the variable where the node starts, or write a default: "${NAME:-value}".',
    ),
    Rule(
        ProblemKind.BAD_SECRETS_FILE,
        "bad-secrets-file",
        Severity.ERROR,
        why="The secrets file cannot be read, or holds settings that nobody would look for there.",
        source="trueup's settings",
        action="Correct the path or its permissions; keep only secrets in it.",
    ),
)
