"""Clips: the signer's face found, the signer cropped, clips stored as shards."""
