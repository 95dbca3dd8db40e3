"""Trading at a broker without a socket, a clock or a file: words in, events and commands out.

What it is made of, from the ground up: names of orders (`identity`), what the broker holds
(`holdings`), what we asked for (`family`), the events of the journal and what they amount to
(`events`, `books`, `codec`). Which case a snapshot makes (`situation`) and what is done about it
(`reconcile`). The executions of a bar as answers to the simulator's kernel (`floor`), a strategy
and its account over them (`decider`, `trader`). What should live at the broker and what is missing
(`standing`, `wanted`), who may enter (`guard`), what is done about a naked position (`protect`).
The `desk` puts them together: its inputs are `words`, its outputs `commands`, and its parts share a
`page`: `entries`, `positions`, `judgement`.
"""
