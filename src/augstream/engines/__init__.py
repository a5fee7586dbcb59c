"""What runs a plan on pixels: `reference` is the definition, `native` is the same, faster.

`engine` says what an engine is, and `default` which one is used; `exact` is the reference as one; `targets` moves
masks, boxes and points.
"""
