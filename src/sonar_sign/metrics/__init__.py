"""Translation metrics: a module per metric or family, each by the library that the field uses.

A metric describes itself (`base.Metric`), and `registry` finds it. Its result is a
`MetricStatistics`: statistics per clip, and the function that turns their sums into the value, so
that resampling clips or videos needs sums of rows only.

A new metric is one new module with a `Metric` at its top level.
"""
