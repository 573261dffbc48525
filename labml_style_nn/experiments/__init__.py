r"""# Experiments

Training runs that you can repeat. Each experiment is a page, and each is a command.

- [`mixer_images`][]: image classification with an MLP-Mixer, on digits, Fashion-MNIST
  and CIFAR.
- [`conv_mixer_images`][]: the same with a ConvMixer.
- [`family_digits`][]: six networks of equal size on the same digits.
- [`data_scale`][]: accuracy against the size of the training set.
- [`few_shot`][]: a few-shot linear probe of what a network has learned about classes
  that it was not trained on.
- [`masked_language`][]: masked language modelling with a Mixer and with attention.
- [`token_cost`][]: throughput and memory cost against the number of tokens.

Two tasks say what is learned:

- [`classification`][]: image classification, from the image to the cross-entropy.
- [`masked_text`][]: masked language modelling, from the text to the cross-entropy.

One training loop serves all of them:

- [`training`][]: tasks, hyperparameters, and the steps of the trainer.
- [`optimizer`][]: AdamW, and which parameters have weight decay.
- [`schedule`][experiments.schedule]: the learning-rate schedule.
- [`ema`][]: the exponential moving average of the weights.

The other modules of this package are the machinery around that loop: data sets and
baselines (`image_datasets`, `baselines`), seeds and processes (`seeding`,
`distributed`), a run that can be stopped and resumed (`runs`, `checkpoint`,
`tensorboard`), and the command line with its results (`command`, `records`, `recorded`,
`curves`, `figures`). They are annotated in the same way, in the source.
"""
