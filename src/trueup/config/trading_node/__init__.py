"""What an operator says about a whole node."""

from trueup.config.trading_node.components import ActorComponent, AlgorithmComponent, StrategyComponent
from trueup.config.trading_node.engine import EngineConfig, RiskConfig, TimeoutsConfig
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.logs import LogsConfig
from trueup.config.trading_node.redis import RedisConfig, RedisHealthConfig
from trueup.config.trading_node.venues import BinanceClientConfig, ImportableClientConfig, RoutingConfig

__all__ = [
    "ActorComponent",
    "AlgorithmComponent",
    "BinanceClientConfig",
    "EngineConfig",
    "ImportableClientConfig",
    "LiveTradingNodeConfig",
    "LogsConfig",
    "RedisConfig",
    "RedisHealthConfig",
    "RiskConfig",
    "RoutingConfig",
    "StrategyComponent",
    "TimeoutsConfig",
]
