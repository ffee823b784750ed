"""Running it: checks of the config, of the installation and of results; clusters, costs."""
