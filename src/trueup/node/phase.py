"""The phases of a node, under the name by which the node's own modules know them."""

from __future__ import annotations

from trueup.model.phase import Phase as Phase
