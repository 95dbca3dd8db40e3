"""What people keep: strategies with their versions, runs, who may do what and who did it.

No HTTP in here; the page and its API are one way to it, the command line another.
"""
