r"""# Token masking

How can a network learn from text without labels? Mask some of the tokens, and train it
to predict them from the others, on both sides. That is *masked language modelling*, the
pre-training of BERT: Devlin, Chang, Lee and Toutanova, 2018, "BERT: Pre-training of
Deep Bidirectional Transformers for Language Understanding"
([arXiv:1810.04805](https://arxiv.org/abs/1810.04805)). This page is how tokens are
masked (section 3.1 and appendix A.1):

1. Of the tokens, 15 % are *chosen*. The loss is the cross-entropy of the model's
   prediction at these positions; the others have no loss.
2. A chosen token is replaced by `[MASK]` 80 % of the time, by a random token 10 % of
   the time, and is left as it is 10 % of the time.

## Notation

- $t_s$, `tokens`: the token at place $s$
- $r$, `rate`: the share of tokens that are chosen, 15 %
- $m$, `mask_share`: the share of the chosen that become `[MASK]`, 80 %
- $q$, `random_share`: the share of the chosen that become a random token, 10 %
- $V$, `vocabulary_size`: how many tokens there are
- $B$, `batch`: how many sequences there are
- $S$, `num_tokens`: the length of a sequence

## Why not mask all of them

In fine-tuning the text has no `[MASK]`. If every chosen token were replaced by it, the
model could learn useful representations at `[MASK]` alone. As it is, any token may be a
wrong one, and any may have to be predicted, so the model needs a good representation of
each (appendix A.1). The price is small: random tokens stand at $r q$ of all positions,
which is 1.5 %.

## Independent draws or a fixed number

The paper says that 15 % are chosen. Here each token is *drawn independently*: it is
chosen with probability $r$. So the expected share is the same for a sequence of any
length. The authors' code chooses a *fixed number* of each sequence, 0.15 times its
length, rounded, and at least one. For 128 tokens that is 19, nearly the same; for ten
tokens it is two, a fifth. A fixed number never leaves a short sequence without a chosen
token. Independent draws do, here one in five:

>>> import torch
>>> from labml_style_nn.data.masking import mask_tokens
>>> generator = torch.Generator().manual_seed(0)
>>> batch, num_tokens, vocabulary_size, special = 10_000, 10, 90, (0, 1)
>>> tokens = torch.randint(2, vocabulary_size, (batch, num_tokens), generator=generator)
>>> masked = mask_tokens(
...     tokens, vocabulary_size=vocabulary_size, mask_token=0, special_tokens=special,
...     generator=generator,
... )
>>> chosen = masked.targets >= 0
>>> f"{chosen.double().mean():.1%} chosen"
'15.0% chosen'
>>> f"{(~chosen.any(dim=1)).double().mean():.1%} of the sequences have no chosen token"
'19.9% of the sequences have no chosen token'

With 128 tokens, one sequence in a billion has none ($0.85^{128}$).

What the chosen tokens were replaced by:

>>> now, before = masked.tokens[chosen], masked.targets[chosen]
>>> hidden, kept = (now == 0).double().mean(), (now == before).double().mean()
>>> f"{hidden:.1%} masked, {kept:.1%} kept"
'79.4% masked, 10.0% kept'

## Special tokens

Some tokens of a vocabulary are not text: padding, the beginning and the end, `[MASK]`
itself. They are never chosen, and never drawn as a random token. The code of BERT
spares `[CLS]` and `[SEP]` in the same way when it chooses; its random tokens come from
the whole vocabulary.

## What differs from the paper

- Independent draws in place of a fixed number, see above.
- Random tokens are never special.

## Example

Token 0 is `[MASK]`, and 1 is special. Four tokens are chosen: three are hidden, and
one, a 7, stays. Its token does not show that it was chosen.

>>> text = torch.tensor([[7, 8, 9, 1, 7, 8, 9, 1, 7, 8, 9, 1, 7, 8, 9, 1]])
>>> masked = mask_tokens(
...     text, vocabulary_size=10, mask_token=0, special_tokens=[1],
...     generator=torch.Generator().manual_seed(5),
... )
>>> masked.tokens.tolist()
[[7, 0, 9, 1, 7, 0, 9, 1, 7, 8, 9, 1, 0, 8, 9, 1]]
>>> masked.targets.tolist()
[[-100, 8, -100, -100, -100, 8, -100, -100, 7, -100, -100, -100, 7, -100, -100, -100]]
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

# The target where there is no loss. PyTorch's `cross_entropy` ignores it by default
# (`ignore_index`).
NOT_CHOSEN = -100


class Masked(NamedTuple):
    r"""## Inputs and targets

    **Shape.** Both as the tokens they were made from. `tokens` is the input of the
    model. `targets` holds the token that stood there where one was chosen, and
    `NOT_CHOSEN` everywhere else.
    """

    tokens: Tensor
    targets: Tensor


def mask_tokens(
    tokens: Tensor,
    *,
    vocabulary_size: int,
    mask_token: int,
    special_tokens: Iterable[int] = (),
    rate: float = 0.15,
    mask_share: float = 0.8,
    random_share: float = 0.1,
    generator: torch.Generator | None = None,
) -> Masked:
    r"""Choose some tokens, and mask most of them.

    `mask_token` is special, whether it is listed or not. `tokens` are left as they are.
    All draws come from `generator`, on the device of the tokens, or else from PyTorch's
    own: the same generator in the same state gives the same result.

    **Shape.** Any, int64.

    **Raises.** `ValueError` for another type, a rate or share outside $[0, 1]$, shares
    whose sum is above one, a special token outside the vocabulary, and a vocabulary of
    nothing but special tokens.

    **Source.** Devlin and others, section 3.1 and appendix A.1.
    """
    check_shares(rate, mask_share, random_share)
    if tokens.dtype != torch.int64:
        raise ValueError(f"tokens must be int64, got {tokens.dtype}")
    special = torch.tensor(sorted({mask_token, *special_tokens}), device=tokens.device)
    ordinary = ordinary_tokens(vocabulary_size, special)

    def coin() -> Tensor:
        return torch.rand(tokens.shape, generator=generator, device=tokens.device)

    # The first draw says whether a token is chosen.
    chosen = (coin() < rate) & ~torch.isin(tokens, special)
    targets = tokens.where(chosen, NOT_CHOSEN)
    # The second says what becomes of it. Below $m$ it is hidden, in the next part of
    # size $q$ it is replaced, above both it stays.
    fate = coin()
    hidden = chosen & (fate < mask_share)
    replaced = chosen & (fate >= mask_share) & (fate < mask_share + random_share)
    # A random token for every place, of which few are used. `where` makes a new tensor.
    draw = torch.randint(
        len(ordinary), tokens.shape, generator=generator, device=tokens.device
    )
    read = tokens.where(~replaced, ordinary[draw]).masked_fill(hidden, mask_token)
    return Masked(read, targets)


def ordinary_tokens(vocabulary_size: int, special: Tensor) -> Tensor:
    """The tokens of a vocabulary that are not special.

    **Raises.** `ValueError` for a special token outside it, and if none are left.
    """
    outside = special[(special < 0) | (special >= vocabulary_size)].tolist()
    if outside:
        raise ValueError(
            f"special tokens must lie from 0 to {vocabulary_size - 1}, got {outside}"
        )
    every = torch.arange(vocabulary_size, device=special.device)
    ordinary = every[~torch.isin(every, special)]
    if len(ordinary) == 0:
        raise ValueError(f"all {vocabulary_size} tokens of the vocabulary are special")
    return ordinary


def check_shares(rate: float, mask_share: float, random_share: float) -> None:
    """Refuse what is not a share of something.

    **Raises.** `ValueError` with the value and the rule.
    """
    shares = {"rate": rate, "mask_share": mask_share, "random_share": random_share}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must lie in [0, 1], got {share}")
    if mask_share + random_share > 1 + 1e-9:
        raise ValueError(
            "mask_share and random_share are parts of one whole, "
            f"got {mask_share} and {random_share}"
        )
