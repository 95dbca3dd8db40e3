"""What the engine talks about: markets, dates, sessions."""
