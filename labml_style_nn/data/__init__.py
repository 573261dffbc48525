r"""# Data

Where images and texts come from, and what is done to them before a model sees them.

[`images`][] says what a set of labelled images is, and how bytes become numbers. These
sets can be had:

- [`digits`][]: 1,797 handwritten digits that come with scikit-learn, split by a seed.
- [`fashion_mnist`][]: 70,000 grey images of clothing.
- [`cifar`][]: 60,000 colour photographs of 10 kinds of things, or of 100.
- [`tiny_shakespeare`][]: a million characters of plays.
- [`standard_library`][]: nine million characters of Python, which every machine has.

[`characters`][] turns a text into numbers. What is fetched is fetched by [`download`][]
and opened by [`archives`][], both of which expect the worst.

What is in an image does not change when the image changes a little. These change the
images of a batch, each in its own way, and in another one in every epoch:

- [`augmentation`][]: small turns, shifts and slants, for grey images.
- [`cropping`][]: small shifts and mirror images, for photographs.
- [`cutmix`][]: two images made into one, and their labels too.
- [`augmentation`][]: small turns, shifts and slants, other ones in every epoch.
- [`masking`][]: some tokens of a text are hidden, for a model to guess.
"""
