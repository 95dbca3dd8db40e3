"""View models: frozen values that templates and the API print, made from what the ports say."""
