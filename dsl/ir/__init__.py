"""The intermediate representation: the one door between the language and the engine."""
