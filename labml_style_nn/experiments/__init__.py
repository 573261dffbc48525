r"""# Experiments

Training runs that anybody can repeat. Each is a page, and each is a command.

- [`mixer_images`][]: a Mixer learns to name digits, clothes, photographs.
- [`conv_mixer_images`][]: a ConvMixer learns the same.
- [`masked_language`][]: a Mixer and attention learn to fill in characters of a text.
- [`family_digits`][]: six networks of one size on the same digits.
- [`few_shot`][]: what a network has learned about classes it never saw.
- [`token_cost`][]: time and memory, against the number of tokens.

What they share because both learn from images:

- [`classification`][]: the task, from the image to the loss.
- [`image_sets`][]: the sets of images, and what a network needs to know of them.

What belongs to the text:

- [`masked_text`][]: the task, from the text to the loss.
- [`guessing`][]: what can be guessed by counting, without a network.

The one loop in which everything learns, and its parts:

- [`training`][]: tasks, recipes, and the steps of the trainer.
- [`optimizer`][]: what moves the weights, and which of them decay.
- [`schedule`][]: how large a step may be.
- [`averages`][]: the network that follows the one that learns.
- [`chance`][]: seeds, so that a step depends on nothing that was before.
- [`distributed`][]: several processes that learn what one would.

What is around it:

- [`runs`][]: a training in a folder, which may be stopped and goes on.
- [`checkpoint`][]: where a run is, kept so that it can go on.
- [`command`][]: the command line that all experiments have.
- [`records`][]: a result, with all that it takes to repeat it.
- [`recorded`][experiments.recorded]: the results that come with the package.
- [`board`][]: the numbers of a run, for TensorBoard.
- [`curves`][experiments.curves] and [`figures`][]: pictures, in the look that all
  share.
"""
