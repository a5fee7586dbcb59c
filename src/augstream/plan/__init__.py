"""Numbers: the op kinds, what merges them, and the plan that an engine runs."""
