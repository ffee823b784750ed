"""Landmarks: where a signer's shoulders, hands and face are, frame by frame."""
