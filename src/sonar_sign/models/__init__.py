"""SignHiera, the sign encoder, SONAR's text models, and how their checkpoints are read."""
