"""Pages about money: costs, and a person's own keys."""
