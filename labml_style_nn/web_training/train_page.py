"""# What is put into the page

The page "Train a Mixer here" is written by hand, in `docs/train.md`. Some parts of it
are known only here: what can be changed about the network and about the digits
([`variants`][]), what came of a recorded run, and [of ten][repeated]. They are filled
in when the site is built, so they can be read without JavaScript, and before anything
is loaded.

## Example

>>> networks = parts({})["networks"]
>>> print(networks[networks.index('<li data-net="no_skip"'):].split("</p>")[0])
<li data-net="no_skip" markdown="block">
<p><a href="?beside=no_skip" data-try data-title>No skip connections</a>
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labml_style_nn.web_training.repeated import NAMES, spread
from labml_style_nn.web_training.variants import VARIANTS, Variant

Recorded = Mapping[str, Mapping[str, Any]]
Points = Sequence[tuple[float, float]]

# The two networks of the recorded run that is shown, and the look of their curves.
SHOWN = {"default": "one", "no_skip_16": "two"}
# The drawing: its size, and the room for the numbers at its left and below.
WIDTH, HEIGHT, LEFT, BELOW = 460, 220, 40, 24
ABOVE = 10


def parts(recorded: Recorded) -> dict[str, str]:
    """What takes the place of `<!-- train: NAME -->` in the page, by the name."""
    return {
        "networks": entries(v for v in VARIANTS.values() if not v.changes_digits),
        "digits": entries(v for v in VARIANTS.values() if v.changes_digits),
        "repeated": table(),
        "recorded": drawings(recorded) if recorded.keys() >= SHOWN.keys() else "",
    }


def entries(variants: Iterable[Variant]) -> str:
    """List some variants."""
    listed = "\n".join(map(entry, variants))
    return f'<ul class="train-nets" markdown="block">\n{listed}\n</ul>'


def entry(variant: Variant) -> str:
    """Say what a variant changes, and offer to try it beside the whole Mixer."""
    # The form of the page reads the names and the notes from here.
    query = "?" if variant.name == "default" else f"?beside={variant.name}"
    kind = " data-digits" if variant.changes_digits else ""
    return f"""<li data-net="{variant.name}"{kind} markdown="block">
<p><a href="{query}" data-try data-title>{variant.title}</a></p>
<div data-note markdown="block">

[{variant.change}]({source(variant.code)}): {variant.expect}

</div>
</li>"""


def source(code: str) -> str:
    """Turn an address of the site into one of its sources, which MkDocs checks."""
    page, mark, anchor = code.partition("#")
    return f"{page.rstrip('/')}.md{mark}{anchor}"


def table() -> str:
    """Tabulate the test accuracy of the variants that ran from ten seeds."""
    rows = [
        f"| {VARIANTS[name].title} | {mean:.1f} % | {least:.1f} % | {most:.1f} % |"
        for name, (mean, _, least, most) in ((name, spread(name)) for name in NAMES)
    ]
    head = ["| Network | mean | lowest | highest |", "|---|--:|--:|--:|"]
    return "\n".join(head + rows)


# ## The recorded run


def drawings(recorded: Recorded) -> str:
    """Draw the loss and the test accuracy of a recorded run."""
    runs = {name: recorded[name] for name in SHOWN}
    steps = max(len(run["loss"]) for run in runs.values())
    losses = {name: points(run["loss"], steps) for name, run in runs.items()}
    shares = {name: points(run["accuracy"], steps) for name, run in runs.items()}
    ends = {name: f"{100 * run['accuracy'][-1]:.1f} %" for name, run in runs.items()}
    return (
        '<div class="train-charts">\n'
        + figure("Loss", losses, {n: f"{r['loss'][-1]:.2f}" for n, r in runs.items()})
        + figure("Test accuracy", shares, ends)
        + "</div>"
    )


def points(values: Sequence[float], steps: int) -> Points:
    """Spread values over the width of the drawing."""
    last = max(1, len(values) - 1)
    return [(steps * number / last, value) for number, value in enumerate(values)]


def figure(title: str, curves: Mapping[str, Points], ends: Mapping[str, str]) -> str:
    """Draw the curves of some networks, with a legend that says where they end."""
    legend = "".join(
        f'<li class="{SHOWN[name]}">{VARIANTS[name].title} <b>{end}</b></li>'
        for name, end in ends.items()
    )
    top = 1.0 if title == "Test accuracy" else 3.0
    paths = "".join(path(some, top, SHOWN[name]) for name, some in curves.items())
    told = "; ".join(f"{VARIANTS[name].title}: {end}" for name, end in ends.items())
    return (
        f"<figure><figcaption>{title} <small>recorded</small></figcaption>"
        f'<ul class="train-legend">{legend}</ul>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title} over the '
        f'steps of a recorded run, at its end: {told}">{paths}{levels(top)}</svg>'
        "</figure>\n"
    )


def path(some: Points, top: float, look: str) -> str:
    """Draw one curve, a point every few steps."""
    apart = max(1, len(some) // 150)
    steps = some[-1][0]
    places = [
        f"{LEFT + (WIDTH - LEFT) * step / steps:.0f} {height(value, top):.1f}"
        for step, value in some[::apart]
    ]
    return f'<path class="curve {look}" d="M{"L".join(places)}"/>'


def height(value: float, top: float) -> float:
    """Where a value stands in the drawing."""
    return ABOVE + (HEIGHT - ABOVE - BELOW) * (1 - min(value / top, 1))


def levels(top: float) -> str:
    """Draw lines with their values, from nothing to the top."""
    drawn = []
    steps = 4 if top == 1 else 6
    for step in range(steps + 1):
        value = top * step / steps
        text = f"{100 * value:.0f} %" if top == 1 else f"{value:.1f}"
        y = height(value, top)
        drawn.append(
            f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )
    return "".join(drawn)
