"""Shapes of tensors at the ends of lines, found by running the examples."""
