"""A trained system as one folder: weights, settings and a model card, filled from the run."""
