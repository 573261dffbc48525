r"""# Data

Where images come from, and what is done to them before a model sees them.

- [`images`][]: what a set of labelled images is, and how bytes become numbers.
- [`digits`][]: 1,797 handwritten digits that come with scikit-learn, split by a seed.
- [`augmentation`][]: small turns, shifts and slants, other ones in every epoch.
"""
