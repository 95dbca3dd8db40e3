"""Acts: from completed setups to fills, money and records."""
