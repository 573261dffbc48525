"""A graph of a step learns what PyTorch learns, at any size of a batch."""

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from labml_style_nn.experiments.optimizer import adamw
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.web_training.flat import Layout
from labml_style_nn.web_training.manifest import EPS, LR, WEIGHT_DECAY
from labml_style_nn.web_training.training_step import BETAS, TrainingStep, scaled
from labml_style_nn.web_training.variants import NETWORKS, VARIANTS
from tests.graphs.conftest import DIGITS, Graphs, shaken

Values = dict[str, Tensor]
NUMBERS = {
    name: torch.tensor(value)
    for name, value in (("lr", LR), ("weight_decay", WEIGHT_DECAY), ("eps", EPS))
}
STATE = ("theta", "first", "second", "count")


# All questions about a network follow one another, so its graph is opened once.
@pytest.fixture(scope="module", params=NETWORKS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def started(name: str) -> tuple[MLPMixer, Values]:
    """A network whose head is not zero, and a state to go on from."""
    model = shaken(name, by=0.05)
    return model, begun(model)


def begun(model: MLPMixer) -> Values:
    """The state before the first step."""
    return dict(zip(STATE, TrainingStep(model).begin(), strict=True))


def batch(size: int, seed: int = 0) -> Values:
    chance = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(DIGITS.labels), generator=chance)[:size]
    return {"images": DIGITS.images[chosen], "labels": DIGITS.labels[chosen]}


def gradient(
    model: MLPMixer, theta: Tensor, given: Values, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """The loss and its gradient, by the plain way through the modules."""
    layout = Layout.of(model)
    whole = theta.detach().to(dtype).requires_grad_()
    images = scaled(given["images"].to(dtype))
    logits = functional_call(model.to(dtype), layout.unflatten(whole), (images,))
    loss = F.cross_entropy(logits, given["labels"])
    (found,) = torch.autograd.grad(loss, whole)
    return loss.detach().double(), found.double()


def apart(found: Tensor, expected: Tensor) -> float:
    """How far two vectors are apart, as a share of the second."""
    return float((found - expected).norm() / expected.norm())


def test_gradients_are_those_of_pytorch_at_any_batch_size(
    name: str, run: Graphs
) -> None:
    """A gradient that is B times too large would not show in a curve: Adam hides it."""
    model, state = started(name)
    graph = run(f"{name}.step")
    for size in (2, 48, 64, 100, 128) if name == "default" else (2, 100):
        given = batch(size, seed=size)
        found = graph(state | given | NUMBERS)
        loss, expected = gradient(model, state["theta"], given, torch.float64)
        # After one step, Adam's first moment is the gradient, but for a factor.
        ours = found["new_first"].double() / (1 - BETAS[0])
        if apart(ours, expected) > 1e-5:
            # Sixteen blocks without skips enlarge every rounding, PyTorch's too.
            _, rounded = gradient(model, state["theta"], given, torch.float32)
            assert apart(ours, expected) <= 2 * apart(rounded, expected), size
        assert found["loss"].item() == pytest.approx(loss.item(), rel=1e-5)
        assert all(value.isfinite().all() for value in found.values())


def test_nothing_is_nan_where_a_gradient_is_zero(name: str, run: Graphs) -> None:
    """At the very beginning the head is zero, and so is the gradient of all before it.

    Without the 1e-8 in the divisor, 0 / 0 would be here.
    """
    torch.manual_seed(1)
    state = begun(VARIANTS[name].build())
    found = run(f"{name}.step")(state | batch(64) | NUMBERS)
    zero = found["new_first"] == 0
    assert zero.any()
    assert all(value.isfinite().all() for value in found.values())


def test_steps_are_those_of_adamw(name: str, run: Graphs) -> None:
    """Each step begins where PyTorch's own optimiser stands.

    Left to themselves, two runs drift apart by rounding alone: that is what training
    does to small differences.
    """
    model, state = started(name)
    layout, graph = Layout.of(model), run(f"{name}.step")
    optimizer = adamw(model, weight_decay=WEIGHT_DECAY)
    for group in optimizer.param_groups:
        group["lr"] = LR
    for number in range(50 if name == "default" else 3):
        given, logits = decided(model, batch(64, seed=number))
        found = graph(state | given | NUMBERS)
        optimizer.zero_grad()
        F.cross_entropy(logits, given["labels"]).backward()
        before = state["theta"]
        optimizer.step()
        state = {
            "theta": layout.flatten(model),
            "first": moment(model, optimizer, "exp_avg"),
            "second": moment(model, optimizer, "exp_avg_sq"),
            "count": torch.tensor(float(number + 1)),
        }
        assert found["new_count"] == number + 1
        assert found["correct"] == (logits.argmax(dim=1) == given["labels"]).sum()
        for new, old in (("new_first", "first"), ("new_second", "second")):
            assert apart(found[new], state[old]) <= 1e-3, number
        # Where a gradient is next to nothing, its sign is a matter of rounding, and
        # Adam makes a whole step of it. So the steps are compared as a whole.
        moved, theirs = found["new_theta"] - before, state["theta"] - before
        sure = state["first"].abs() > 1e-6
        assert apart(moved[sure], theirs[sure]) <= 1e-3, number


def decided(model: MLPMixer, given: Values) -> tuple[Values, Tensor]:
    """The images whose gradient rounding does not decide, and what is said of them.

    ReLU's slope jumps at zero. Of a million numbers that it reads, some lie so near
    that two ways to add up the same terms see them on different sides.
    """
    nearest = torch.full(given["labels"].shape, torch.inf)

    def look(_: nn.Module, inputs: tuple[Tensor]) -> None:
        found = inputs[0].detach().abs().flatten(1).amin(dim=1)
        torch.minimum(nearest, found, out=nearest)

    relus = [module for module in model.modules() if isinstance(module, nn.ReLU)]
    hooks = [relu.register_forward_pre_hook(look) for relu in relus]
    logits = model(scaled(given["images"]))
    for hook in hooks:
        hook.remove()
    sure = nearest > 5e-6
    return {name: values[sure] for name, values in given.items()}, logits[sure]


def moment(model: MLPMixer, optimizer: torch.optim.Optimizer, kind: str) -> Tensor:
    """A moment of Adam as one vector, in the order of theta."""
    weights = dict(model.named_parameters())
    places = Layout.of(model).places
    return torch.cat([optimizer.state[weights[p.name]][kind].flatten() for p in places])


def test_rates_are_inputs(run: Graphs) -> None:
    """With no rate nothing moves; decay moves what decays, and nothing else."""
    model, state = started("default")
    graph, given = run("default.step"), batch(64)
    still = graph(state | given | NUMBERS | {"lr": torch.tensor(0.0)})
    assert torch.equal(still["new_theta"], state["theta"])
    none, much = (
        graph(state | given | NUMBERS | {"weight_decay": torch.tensor(decay)})
        for decay in (0.0, 1.0)
    )
    decaying = Layout.of(model).decaying
    difference = none["new_theta"] - much["new_theta"]
    torch.testing.assert_close(
        difference[:decaying], LR * state["theta"][:decaying], rtol=1e-2, atol=1e-6
    )
    assert not difference[decaying:].any()
