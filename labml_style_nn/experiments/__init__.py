r"""# Experiments

Training runs that you can repeat. Each experiment is a page, and each is a command.

[What the paper found](../findings.py) goes through the findings of the MLP-Mixer paper.
These ask the same in small:

- [`data_scale`][]: test accuracy against the number of training images, for a Mixer, a
  ConvMixer and a ViT of equal size.
- [`pixel_order`][]: images whose patches or pixels are shuffled. That a Mixer does not
  mind the first is proved in [`permutation`][].
- [`ablation`][]: a Mixer without one of its parts.
- [`learned_weights`][]: the weights of token mixing as pictures.
- [`family_budget`][]: the family within budgets of parameters and of processor time.
- [`higher_resolution`][]: a Mixer enlarged for larger images ([`resolution`][]), and
  fine-tuned.
- [`few_shot`][]: a few-shot linear probe of what a network has learned about classes
  that it was not trained on.
- [`token_cost`][]: throughput and memory cost against the number of tokens.

Image classification and text:

- [`mixer_images`][]: image classification with an MLP-Mixer, on digits, Fashion-MNIST
  and CIFAR. [`conv_mixer_images`][] is the same with a ConvMixer, and
  [`vit_images`][], on CIFAR alone, with a Vision Transformer.
- [`family_digits`][]: six networks of equal size on the same digits.
- [`masked_language`][]: masked language modelling with a Mixer and with attention.
- [`folder_images`][]: training and fine-tuning on images in a folder, for which
  [At scale](../guide/at_scale.md) is the guide, and [`training_cost`][]: how long it
  takes.

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
