r"""# Experiments

Training runs that you can repeat. Each experiment is a page, and each is a command.

- [`mixer_images`][]: image classification with an MLP-Mixer, on digits, Fashion-MNIST
  and CIFAR.
- [`conv_mixer_images`][]: the same with a ConvMixer.
- [`family_digits`][]: six networks of equal size on the same digits.
- [`few_shot`][]: a few-shot linear probe of what a network has learned about classes
  that it was not trained on.
- [`masked_language`][]: masked language modelling with a Mixer and with attention.
- [`token_cost`][]: throughput and memory cost against the number of tokens.

Two tasks say what is learned:

- [`classification`][]: image classification, from the image to the cross-entropy.
- [`masked_text`][]: masked language modelling, from the text to the cross-entropy.
- [`image_datasets`][]: the image data sets, and what a network needs to know of them.
- [`baselines`][experiments.baselines]: what counting characters can predict, without a
  network.

One training loop serves all of them:

- [`training`][]: tasks, hyperparameters, and the steps of the trainer.
- [`optimizer`][]: AdamW, and which parameters have weight decay.
- [`schedule`][experiments.schedule]: the learning-rate schedule.
- [`ema`][]: the exponential moving average of the weights.
- [`seeding`][]: random numbers that make a run reproducible.
- [`distributed`][]: data-parallel training in several processes.

Around the loop stand modules that you need only if you carry the code on: `runs` and
`checkpoint` (a run that can be stopped and resumed), `command` (the command line),
`records` and `recorded` (results with all that it takes to repeat them), `tensorboard`,
`curves` and `figures`.
"""
