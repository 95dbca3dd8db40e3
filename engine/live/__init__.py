"""What trading at a broker needs to know and decide, without a socket, a clock or a file.

Names of orders (`identity`), what the broker holds (`holdings`), what we asked for (`family`),
which case that makes (`situation`), and what is done about it (`reconcile`): plain functions of
values.
"""
