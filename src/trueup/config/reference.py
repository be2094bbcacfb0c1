"""The reference documents, generated from the settings and the rules themselves."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from pydantic import BaseModel

from trueup.config.describe import describe_default, describe_field
from trueup.config.engine_versions import FIELD_SPANS, NEWEST_SUPPORTED, OLDEST_SUPPORTED, field_span, format_version
from trueup.config.reconciliation.claims import ExternalOrderClaimConfig
from trueup.config.reconciliation.config import ENGINE_PARAMETERS, PLAN_PARAMETERS, ReconciliationConfig
from trueup.config.reconciliation.external import ExternalConfig, ExternalPolicyConfig
from trueup.config.reconciliation.presets import ReconciliationPreset
from trueup.config.rules import RULE_GROUPS
from trueup.config.sight.audit import AuditAccountConfig, AuditConfig
from trueup.config.sight.guard import GuardConfig, GuardRowConfig
from trueup.config.sight.journal import JournalConfig
from trueup.config.sight.monitor import MonitorConfig
from trueup.config.sight.ops import OpsConfig
from trueup.config.trading_node.components import ActorComponent, AlgorithmComponent, StrategyComponent
from trueup.config.trading_node.engine import EngineConfig, RiskConfig, TimeoutsConfig
from trueup.config.trading_node.environment import DELIMITER, PREFIX
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.logs import LogsConfig
from trueup.config.trading_node.redis import RedisConfig, RedisHealthConfig
from trueup.config.trading_node.venues import BinanceClientConfig, ImportableClientConfig, RoutingConfig

GENERATED = "<!-- Generated from the code; change it there. -->"

PARAGRAPH_WIDTH = 120

SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("", LiveTradingNodeConfig),
    ("[reconciliation]", ReconciliationConfig),
    ("[external]", ExternalConfig),
    ("[[external.policies]]", ExternalPolicyConfig),
    ("[redis]", RedisConfig),
    ("[redis.health]", RedisHealthConfig),
    ("[logs]", LogsConfig),
    ("[timeouts]", TimeoutsConfig),
    ("[risk]", RiskConfig),
    ("[engine]", EngineConfig),
    ("[monitor]", MonitorConfig),
    ("[ops]", OpsConfig),
    ("[guard]", GuardConfig),
    ("[[guard.rows]]", GuardRowConfig),
    ("[journal]", JournalConfig),
    ("[audit]", AuditConfig),
    ("[audit.accounts.NAME]", AuditAccountConfig),
    ('[clients.NAME] with type = "binance_usdm" or "binance_spot"', BinanceClientConfig),
    ('[clients.NAME] with type = "importable"', ImportableClientConfig),
    ("[clients.NAME.routing]", RoutingConfig),
    ("[[strategies]]", StrategyComponent),
    ("[strategies.claims]", ExternalOrderClaimConfig),
    ("[[actors]]", ActorComponent),
    ("[[exec_algorithms]]", AlgorithmComponent),
)


def render_rules() -> str:
    """Return ``docs/reference/rules.md``: every rule, by group."""
    lines = [
        "# Rules",
        "",
        GENERATED,
        "",
        *_paragraph(
            "What `trueup check FILE` looks for. `trueup explain RULE` prints one of them. An *error* fails the check "
            "(exit code 1); a *warning* and an *info* do not. Rules TU801 and above need `--live`."
        ),
    ]
    for title, rules in RULE_GROUPS.items():
        lines += ["", f"## {title}", ""]
        lines += ["| Rule | Severity | Why | Source | What to do |", "|---|---|---|---|---|"]
        lines += [
            f"| {rule.id} `{rule.slug}` | {rule.severity} | "
            + " | ".join(map(_cell, (rule.why, rule.source, rule.action)))
            + " |"
            for rule in rules
        ]
    return "\n".join(lines) + "\n"


def render_configuration() -> str:
    """Return ``docs/reference/configuration.md``: every field of every section, presets, versions."""
    lines = [
        "# Configuration",
        "",
        GENERATED,
        "",
        *_paragraph(
            "Every field of `trueup.toml`, as `LiveTradingNodeConfig` reads it. Each can be given by an environment "
            f"variable too: `{PREFIX}` + section + `{DELIMITER}` + field, in capitals (`TRUEUP_REDIS__HOST`, "
            "`TRUEUP_CLIENTS__BINANCE__API_KEY`). What is given in Python wins over variables, these over the secrets "
            'file, and that over `trueup.toml`. `"${NAME}"` and `"${NAME:-default}"` in the file stand for a variable. '
            'A secret written out in the file is refused. TOML has no null: a field that can be off takes `"off"`.'
        ),
    ]
    for heading, model in SECTIONS:
        lines += ["", f"## {heading or 'At the top'}", ""]
        lines += _fields(model)
    lines += ["", "## Presets", "", *_presets()]
    lines += ["", "## Versions", "", *_versions()]
    return "\n".join(lines) + "\n"


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(text, PARAGRAPH_WIDTH, break_long_words=False, break_on_hyphens=False)


def _fields(model: type[BaseModel]) -> Iterator[str]:
    yield "| Field | Takes | Default | Meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        meaning = _cell(_plain(field.description or ""))
        if model is ReconciliationConfig:
            meaning = f"{meaning} {_reconciliation_note(name)}".rstrip()
        yield f"| `{name}` | {_cell(describe_field(field))} | {_cell(describe_default(field))} | {meaning} |"


def _reconciliation_note(name: str) -> str:
    if name in PLAN_PARAMETERS:
        parameter = PLAN_PARAMETERS[name]
        return "" if parameter == name else f"Engine: `{parameter}`."
    if name in ENGINE_PARAMETERS:
        span = field_span("LiveExecEngineConfig", name)
        return f"Engine parameter, {span.describe()}." if (span.since or span.until) else "Engine parameter."
    return "Read by trueup alone."


def _presets() -> Iterator[str]:
    names = sorted({name for preset in ReconciliationPreset for name in preset.values}, key=_order)
    yield "| Field | " + " | ".join(preset.value for preset in ReconciliationPreset) + " |"
    yield "|---|" + "---|" * len(ReconciliationPreset)
    for name in names:
        values = (getattr(preset.config(), name) for preset in ReconciliationPreset)
        yield f"| `{name}` | " + " | ".join(_value(value) for value in values) + " |"


def _order(name: str) -> int:
    return list(ReconciliationConfig.model_fields).index(name)


def _value(value: object) -> str:
    if value is None:
        return "off"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _versions() -> Iterator[str]:
    oldest, newest = format_version(OLDEST_SUPPORTED), format_version(NEWEST_SUPPORTED)
    yield f"Supported: NautilusTrader {oldest} to {newest}. Not every one of them knows these parameters (read from"
    yield "the published packages):"
    yield ""
    yield "| Class | Parameter | Known to |"
    yield "|---|---|---|"
    for (config_class, parameter), span in FIELD_SPANS.items():
        yield f"| `{config_class}` | `{parameter}` | {span.describe()} |"


def _plain(text: str) -> str:
    """Turn a docstring into the text of a table: one line, code in single backticks."""
    return re.sub(r"``([^`]*)``", r"`\1`", " ".join(text.split()))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
