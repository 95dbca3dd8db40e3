"""The tests. A regular package: eventkit, which ib_insync needs, installs one of this name too."""
