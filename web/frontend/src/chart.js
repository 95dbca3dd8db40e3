// chart: its room fills this
