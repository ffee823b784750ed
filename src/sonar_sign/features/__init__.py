"""Features: SignHiera over the windows of clips, and SONAR's embeddings of captions."""
