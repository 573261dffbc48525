r"""# Experiments

Training runs that anybody can repeat. Each is a page, and each is a command.

- [`mixer_digits`][]: a small Mixer learns to read handwritten digits.

The parts that a run is made of:

- [`training`][]: the recipe, and the loop in which a network learns.
- [`checkpoint`][]: where a run is, kept so that it can go on.
- [`records`][]: a result, with all that it takes to repeat it.
- [`figures`][]: the look that all plots share.
"""
