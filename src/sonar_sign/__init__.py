"""Fine-tune SONAR's American Sign Language models and say honestly how good they are."""

__version__ = "0.1.0"
