"""Features: windows of clips through SignHiera, captions through SONAR's text encoder."""
