r"""# A training step as a function

Forward, backward and AdamW as one function of tensors.
"""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from labml_style_nn.browser.flat import Layout

BETAS = (0.9, 0.999)
State = tuple[Tensor, Tensor, Tensor, Tensor]


class TrainingStep:
    """## The step"""

    inputs = (
        "theta",
        "first",
        "second",
        "count",
        "images",
        "labels",
        "lr",
        "weight_decay",
        "eps",
    )
    outputs = (
        "new_theta",
        "new_first",
        "new_second",
        "new_count",
        "loss",
        "correct",
    )

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.layout = Layout.of(model)

    def __call__(
        self,
        theta: Tensor,
        first: Tensor,
        second: Tensor,
        count: Tensor,
        images: Tensor,
        labels: Tensor,
        lr: Tensor,
        weight_decay: Tensor,
        eps: Tensor,
    ) -> tuple[Tensor, ...]:
        """Do one step."""
        theta = theta.detach().requires_grad_()
        weights = self.layout.unflatten(theta)
        logits = functional_call(self.model, weights, (images,))
        loss = F.cross_entropy(logits, labels)
        (gradient,) = torch.autograd.grad(loss, theta)
        with torch.no_grad():
            state = self.adamw(
                (theta, first, second, count), gradient, lr, weight_decay, eps
            )
            correct = (logits.argmax(dim=1) == labels).sum()
        return *state, loss, correct

    def adamw(
        self,
        state: State,
        gradient: Tensor,
        lr: Tensor,
        weight_decay: Tensor,
        eps: Tensor,
    ) -> State:
        """AdamW, on vectors."""
        theta, first, second, count = state
        beta_1, beta_2 = BETAS
        count = count + 1
        first = beta_1 * first + (1 - beta_1) * gradient
        second = beta_2 * second + (1 - beta_2) * gradient * gradient
        matrices = theta[: self.layout.decaying] * (1 - lr * weight_decay)
        theta = torch.cat([matrices, theta[self.layout.decaying :]])
        size = lr / (1 - beta_1**count)
        spread = (second / (1 - beta_2**count)).sqrt() + eps
        return theta - size * first / spread, first, second, count

    def begin(self) -> State:
        """The state before the first step."""
        theta = self.layout.flatten(self.model)
        zeros = torch.zeros_like(theta)
        return theta, zeros, zeros.clone(), torch.tensor(0.0)
