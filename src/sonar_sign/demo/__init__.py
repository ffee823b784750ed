"""The demo's drawn corpora, and the small stand-in models that are pretrained on them."""
