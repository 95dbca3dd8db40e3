// live: its room fills this
