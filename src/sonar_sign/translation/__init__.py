"""From features or landmarks to text, inside the workflow and outside it."""
