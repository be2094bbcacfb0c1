"""What an operator sees of a node: its status, its metrics, its logs. The observer never harms the node."""
