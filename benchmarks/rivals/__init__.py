"""What a user would pick instead, on the same rules and bars, each in a process of its own."""
