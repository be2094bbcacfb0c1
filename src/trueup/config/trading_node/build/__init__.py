"""Build the engine's own configuration from the settings: the only part of the settings that needs NautilusTrader.

Two habits of the engine are answered here. Its configuration classes check nothing when they are constructed, so
everything built is validated before it is returned (measured on 1.231.0: a negative start-up delay is accepted). And
its parameters come and go between versions, so a parameter that the installed class does not have is left out where it
is only a default of ours, and refused where an operator asked for it.
"""

from trueup.config.trading_node.build.clients import ClientFactories, client_factories
from trueup.config.trading_node.build.node import build_config, exec_engine_config

__all__ = ["ClientFactories", "build_config", "client_factories", "exec_engine_config"]
