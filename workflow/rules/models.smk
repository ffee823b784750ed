"""The public models, fetched when a config names them."""
