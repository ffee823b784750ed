"""From features, landmarks or videos to text.

A `System` (`system`) turns clips into texts: `sonar_system` and `landmark_system` are the two
kinds. `predict` runs one over the clips of a split, for the workflow. `translate` and its
`Translator` go from any video to text, without the workflow; `model_choice` and
`declared_systems` say which models they use.
"""
