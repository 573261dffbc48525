"""A fence of two names becomes the differences of their code, side by side."""
