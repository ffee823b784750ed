"""Sentences for metrics: the six pairs that most of their tests score."""

# Punctuation, case, quotes, numbers, accents, repetition, an empty prediction, one too short for
# 4-grams, one that is right.
REFERENCES = [
    "Now we're going to add a little bit of salt, about 1.5 teaspoons.",
    'He said "keep it simple", and I did.',
    "Perché la città è così bella, non lo so.",
    "Thank you!",
    "Take the dough and roll it out. Then cut it into squares.",
    "The cat sat on the mat.",
]
PREDICTIONS = [
    "Now we are going to add a bit of salt, about 1.5 spoons.",
    'he said "keep it" and "did".',
    "Perché la citta è così bella non so.",
    "",
    "Take the dough and cut it into squares. Then roll.",
    "The cat sat on the mat.",
]
