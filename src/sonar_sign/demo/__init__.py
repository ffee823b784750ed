"""The embedded corpus and the stand-in models that the demo pretrains on it."""
