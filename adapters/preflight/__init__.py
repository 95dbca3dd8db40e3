"""Before it trades: every part that live trading rests on, looked at on its own and in time."""
