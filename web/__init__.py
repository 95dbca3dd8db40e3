"""The page: HTTP, templates, view models. What is kept and computed lies below, behind ports."""
