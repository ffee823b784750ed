"""Clips: the signer found, every sentence cut out of its video, one mp4 per clip in clip shards."""
