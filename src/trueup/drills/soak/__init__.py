"""The soak: a busy node for hours under a venue that misbehaves, and whether what it holds levels off."""
