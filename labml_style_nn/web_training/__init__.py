r"""# In the browser

On the page [Train a Mixer here](../train.md) the Mixer of [its own page][mlp_mixer]
trains in the reader's browser. There is no Python there. So when the site is built, a
whole step of training is written down as a list of operations, and the page executes
the list.

- [`variants`][]: the Mixer, what can be taken away from it, and what can be done to the
  digits, such as to [shuffle][shuffles] their pixels.
- [`training_step`][web_training.training_step]: forward, backward and AdamW as one
  function.
- [`loop`][]: the training that the page repeats, its chance included.
- [`probe`][]: what the network computes on the way, and which patches it mixes.
- [`weights`][web_training.weights]: what was trained in the page becomes a network in
  Python again.
- [`flat`][], [`graphs`][web_training.graphs]: how the function becomes a graph of a few
  kilobytes, by what [`tracing`][], [`operations`][web_training.operations] and
  [`writer`][] do; [`exports`][]: how all of them are made and kept.
- [`digit_file`][], [`manifest`][], [`record`][web_training.record]: what the page loads
  beside the graphs. [`repeated`][]: small differences, from ten seeds.
- [`site_files`][], [`train_page`][], [`site_plugin`][]: how all of it comes into the
  site.

The scripts of the page are in `docs/assets/train/`.
"""
