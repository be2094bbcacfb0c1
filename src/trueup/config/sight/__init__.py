"""What lets an operator see a node, and keeps it from doing damage: one section a file."""
