"""How good translations are: scores with intervals, tests, floors, comparisons."""
