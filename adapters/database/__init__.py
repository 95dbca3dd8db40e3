"""The live journal on disk: SQLite by default, PostgreSQL by its address, the same tables in both.

Events are only ever appended; the other tables are what they fold into, for a quick start and for
people who ask in SQL. Nothing is sent to a broker before `Journal.record` has returned.
"""
