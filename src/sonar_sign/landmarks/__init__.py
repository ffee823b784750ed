"""Landmarks: positions of a signer's shoulders, hands and face over time."""
