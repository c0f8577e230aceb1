"""How time-series tables are laid out on disk."""
