"""What runs a plan on pixels: `reference` is the definition, `native` is the same, faster."""
