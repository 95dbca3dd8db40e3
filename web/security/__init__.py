"""Who may come in and what they may do, and what a browser may do with our pages."""
