r"""# Data

Where images come from, and what is done to them before a model sees them.

- [`digits`][]: 1,797 handwritten digits that come with scikit-learn, split by a seed.
- [`augmentation`][]: small turns, shifts and slants, other ones in every epoch.
- [`masking`][]: some tokens of a text are hidden, for a model to guess.
"""
