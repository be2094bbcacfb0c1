"""What lets an operator see a node, and keeps it from doing damage: one section a file."""

# The whole configuration first: it is made of these sections, and some of them are made of others of its sections.
import trueup.config.trading_node.live_config  # noqa: F401 - imported for the order alone
