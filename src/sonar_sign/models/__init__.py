"""SignHiera, sign encoders, SONAR's text models, the landmark translator and their checkpoints."""
