r"""# Learning curves

Loss and accuracy over the epochs, a line for each run. Training metrics are measured on
augmented images, while the network is trained on them; validation or test accuracy on
images as they are, with the averaged weights. So the latter may be higher.

## Example

>>> history = {"loss": [2.3, 1.1], "accuracy": [0.1, 0.6], "test_accuracy": [0.2, 0.7]}
>>> curves([history]).startswith("<svg")
True
"""

from collections.abc import Sequence

from labml_style_nn.experiments.figures import CHANNELS, INK, TOKENS, draw, svg


def curves(histories: Sequence[dict[str, list[float]]]) -> str:
    """Draw the curves of runs."""
    figure, (above, below) = draw(5.2, 5.0, rows=2)
    for history in histories:
        epochs = range(1, len(history["loss"]) + 1)
        above.plot(epochs, history["loss"], color=TOKENS)
        for name, shares in history.items():
            if name.endswith("accuracy"):
                colour = CHANNELS if name == "accuracy" else INK
                below.plot(epochs, [100 * share for share in shares], color=colour)
    above.set(yscale="log", ylabel="loss (nats)")
    below.set(xlabel="epoch", ylabel="accuracy (%)")
    return svg(figure)
