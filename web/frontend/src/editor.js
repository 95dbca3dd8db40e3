// editor: its room fills this
