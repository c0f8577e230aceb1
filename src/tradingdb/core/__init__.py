"""What the models are made of. Knows SQLAlchemy, knows no table."""
