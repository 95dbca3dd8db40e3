"""Live trading as a process: the loop round the desk, its socket, its alerts, its end."""
