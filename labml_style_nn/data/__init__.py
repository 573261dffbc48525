r"""# Data

Where images and texts come from, and what is done to them before a model sees them.

[`images`][] says what a set of labelled images is, and how bytes become numbers. These
sets can be had:

- [`digits`][]: 1,797 handwritten digits that come with scikit-learn, split by a seed.
- [`fashion_mnist`][]: 70,000 grey images of clothing.
- [`cifar`][]: 60,000 colour photographs of 10 kinds of things, or of 100.
- [`tiny_shakespeare`][]: a million characters of plays.
- [`standard_library`][]: nine million characters of Python, which every machine has.

[`characters`][] turns a text into tokens, and [`masking`][] masks some of them for
masked language modelling. What is fetched is fetched by [`download`][] and opened by
[`archives`][], both of which expect the worst.

Data augmentation changes the images of a batch, each in its own way, anew in each
epoch:

- [`augmentation`][]: random rotation, translation, scaling and shear, for grey images.
- [`cropping`][]: random crop and horizontal flip, for photographs.
- [`cutmix`][]: CutMix and mixup, which combine two images and their labels.
"""
