"""FNet: the paper's sizes, Hugging Face's numbers, and its own properties."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.models.fnet import (
    FNet,
    FNetBlock,
    FNetEncoder,
    fnet_base,
    fnet_large,
)
from labml_style_nn.proofs.reference import stored

# The authors' README: layers, C, D_C; and what Hugging Face's `FNetModel` of that size
# has without its pooler (transformers 5.24, counted on the meta device).
NAMED = {
    fnet_base: (12, 768, 3072, 82_270_464),
    fnet_large: (24, 1024, 4096, 235_895_808),
}
TEXT = {
    "vocabulary_size": 90,
    "max_len": 32,
    "num_types": 3,
    "num_layers": 2,
    "hidden_dim": 20,
    "channels_mlp_dim": 52,
}
IMAGES = {
    "image_size": (16, 24),
    "patch_size": 4,
    "num_classes": 7,
    "num_layers": 2,
    "hidden_dim": 20,
    "channels_mlp_dim": 52,
}
# Hugging Face's names of what a block has.
BLOCK = {
    "fourier.output.LayerNorm": "token_norm",
    "intermediate.dense": "channel_mixing.fc1",
    "output.dense": "channel_mixing.fc2",
    "output.LayerNorm": "channel_norm",
}
EMBEDDINGS = {
    "embeddings.position_embeddings.weight": "positions.table",
    "embeddings.token_type_embeddings.weight": "types.weight",
    "embeddings.LayerNorm": "norm",
    "embeddings.projection": "projection",
}


def parameters(model):
    """Count the parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def draw(*shape, seed=0):
    """Draw normal numbers."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.double, generator=generator)


def randomised(model):
    """Leave nothing at zero or one."""
    torch.manual_seed(0)
    for parameter in model.double().parameters():
        nn.init.normal_(parameter, std=0.3)
    return model


def our_name(name, names):
    """Translate a name of Hugging Face's."""
    for theirs, ours in names.items():
        name = name.replace(theirs, ours)
    return name


def by_our_names(tensors):
    """Tensors of Hugging Face by our names."""
    return {
        our_name(
            name.replace("fnet.encoder.", "").replace("fnet.", ""), BLOCK | EMBEDDINGS
        ).replace("layer.", "blocks."): tensor
        for name, tensor in tensors.items()
    }


def of_prefix(reference, prefix):
    """Stored tensors whose name begins so."""
    names = [name for name in reference.arrays if name.startswith(prefix)]
    return {name.removeprefix(prefix): reference[name] for name in names}


def close(ours, theirs, dtype=torch.double):
    """Compare to 1e-10 in float64, and to 2e-6 of the largest value in float32."""
    scale = max(theirs.abs().max().item(), 0.5)
    tolerance = 1e-10 if dtype == torch.double else 2e-6 * scale
    torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=tolerance)


# The paper


@pytest.mark.parametrize("build", NAMED)
def test_the_named_models_have_the_papers_sizes(build):
    layers, hidden, channels_dim, exact = NAMED[build]
    with torch.device("meta"):
        model = build()
    assert len(model.blocks) == layers
    assert model.blocks[0].channel_mixing.fc1.weight.shape == (channels_dim, hidden)
    assert model.words.weight.shape == (32_000, hidden)
    assert model.positions.table.shape == (512, hidden)
    assert model.types.weight.shape == (4, hidden)
    assert parameters(model) == exact
    with pytest.raises(ValueError, match="there are positions for at most 512 tokens"):
        model(torch.zeros(1, 513, dtype=torch.int64, device="meta"))


def test_the_formulas_count_the_network_for_images():
    model, s, c, d_c = FNet(**IMAGES), 24, 20, 52
    block = 2 * c * d_c + d_c + c + 4 * c
    count = c * (3 * 4**2 + 1) + s * c + 2 * block + (c + 1) * 7
    assert parameters(model) == count
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, 16, 24))
    macs = s * 3 * 4**2 * c + 2 * 2 * s * c * d_c + c * 7
    assert counter.get_total_flops() == 2 * macs


def test_options_override_the_sizes():
    model = fnet_base(vocabulary_size=7, num_layers=1, hidden_dim=8, max_len=5)
    assert model(torch.tensor([[0, 6, 3]])).shape == (1, 3, 8)


# The references


def blocks_of(reference, dtype):
    """Build our blocks with Hugging Face's weights."""
    meta = reference.meta
    block = meta["hidden_size"], meta["intermediate_size"]
    model = nn.ModuleDict(
        {"blocks": nn.ModuleList(FNetBlock(*block) for _ in range(2))}
    )
    model.to(dtype).load_state_dict(by_our_names(reference.weights()))
    return model


@pytest.mark.parametrize("dtype", [torch.double, torch.float])
def test_outputs_stages_and_gradients_of_blocks_are_hugging_faces(dtype):
    reference = stored("hf_fnet_layer")
    model = blocks_of(reference, dtype)
    x = leaf = reference["x"].to(dtype).requires_grad_()
    for number, block in enumerate(model["blocks"]):
        mixed = block.token_mixing(x)
        u = block.token_norm(x + mixed)
        close(mixed, reference.after(f"layer{number}.fourier.self"), dtype)
        close(u, reference.after(f"layer{number}.fourier"), dtype)
        hidden = block.channel_mixing.gelu(block.channel_mixing.fc1(u))
        close(hidden, reference.after(f"layer{number}.intermediate"), dtype)
        x = block(x)
        close(x, reference.after(f"layer{number}"), dtype)
    close(x, reference["y"], dtype)
    (x * reference["c"].to(dtype)).sum().backward()
    close(leaf.grad, reference["gx"], dtype)
    theirs = by_our_names(of_prefix(reference, "g/"))
    ours = dict(model.named_parameters())
    assert theirs.keys() == ours.keys()
    for name, parameter in ours.items():
        close(parameter.grad, theirs[name], dtype)


def test_outputs_and_gradients_of_the_encoder_are_hugging_faces():
    reference = stored("hf_fnet_text")
    meta, x = reference.meta, reference["x"]
    model = FNetEncoder(
        vocabulary_size=22,
        max_len=meta["max_position_embeddings"],
        num_types=meta["type_vocab_size"],
        num_layers=meta["num_hidden_layers"],
        hidden_dim=meta["hidden_size"],
        channels_mlp_dim=meta["intermediate_size"],
    ).double()
    # The stored input is the vectors of the words: here they fill the table, in order.
    words = {"words.weight": x.flatten(0, 1)}
    model.load_state_dict(by_our_names(reference.weights()) | words)
    tokens = torch.arange(22).reshape(2, 11)
    y = model(tokens, (torch.arange(11) % 3).expand(2, 11))
    close(y, reference["y"])
    (y * reference["c"]).sum().backward()
    theirs = by_our_names(of_prefix(reference, "g/"))
    theirs["words.weight"] = reference["gx"].flatten(0, 1)
    ours = dict(model.named_parameters())
    assert theirs.keys() == ours.keys()
    for name, parameter in ours.items():
        close(parameter.grad, theirs[name])


def test_the_exact_gelu_would_be_another_network():
    reference = stored("hf_fnet_layer")
    model, x = blocks_of(reference, torch.double), reference["x"]
    for block in model["blocks"]:
        block.channel_mixing.gelu.approximate = "none"
        x = block(x)
    assert (x - reference["y"]).abs().max() > 1e-6


# Its own properties


def test_a_block_learns_nothing_about_tokens():
    block = FNetBlock(20, 52)
    assert not list(block.token_mixing.parameters())
    assert block(torch.zeros(2, 5, 20)).shape == (2, 5, 20)
    assert block(torch.zeros(2, 50, 20)).shape == (2, 50, 20)


def test_every_row_that_leaves_a_block_is_normalised():
    block, x = FNetBlock(20, 52).double(), draw(2, 24, 20)
    for y in (block(x), block(1000 * x + 7)):
        assert y.mean(dim=-1).abs().max() < 1e-12
        variance = y.var(dim=-1, correction=0)
        torch.testing.assert_close(variance, torch.ones_like(variance))


def test_a_whole_stack_sees_no_mirror_unless_it_is_told():
    blocks = nn.Sequential(*(randomised(FNetBlock(20, 52)) for _ in range(3)))
    mirror = -torch.arange(24) % 24
    x = draw(2, 24, 20)
    close(blocks(x[:, mirror]), blocks(x)[:, mirror])
    model = randomised(FNet(**IMAGES))
    tokens = model.patch_embedding(draw(2, 3, 16, 24))

    def scores(tokens):
        for block in model.blocks:
            tokens = block(tokens)
        return model.head(tokens)

    close(scores(tokens), scores(tokens[:, mirror]))
    told = scores(model.positions(tokens)), scores(model.positions(tokens[:, mirror]))
    assert not torch.allclose(*told)


def test_shuffled_tokens_change_the_answer_without_positions_too():
    block, order = randomised(FNetBlock(20, 52)), torch.randperm(24)
    x = draw(2, 24, 20)
    assert not torch.allclose(block(x[:, order]), block(x)[:, order])
    assert not torch.allclose(block(x[:, order]).mean(dim=1), block(x).mean(dim=1))


def test_padding_is_read_as_text():
    model = randomised(FNetEncoder(**TEXT))
    tokens = torch.randint(90, (2, 11))
    padded = nn.functional.pad(tokens, (0, 1))
    assert not torch.allclose(model(padded)[:, :-1], model(tokens))


def test_words_positions_and_types_are_added():
    model = randomised(FNetEncoder(**TEXT))
    tokens, types = torch.randint(90, (2, 11)), torch.randint(3, (2, 11))
    seen = []
    model.norm.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    model(tokens, types)
    words, positions = model.words.weight, model.positions.table
    for row, column in ((0, 0), (1, 10)):
        token, kind = tokens[row, column], types[row, column]
        expected = words[token] + positions[column] + model.types.weight[kind]
        close(seen[0][row, column], expected)
    torch.testing.assert_close(model(tokens), model(tokens, torch.zeros_like(tokens)))
    assert not torch.equal(model(tokens), model(tokens, types))


def test_the_layers_of_a_stack_start_apart():
    for model in (FNet(**IMAGES), FNetEncoder(**TEXT)):
        weights = [p for p in model.parameters() if p.dim() > 1 and p.any()]
        for index, weight in enumerate(weights):
            for other in weights[:index]:
                assert weight.shape != other.shape or not torch.equal(weight, other)


def test_it_learns_and_all_of_it_does():
    torch.manual_seed(0)
    model, image = FNet(**IMAGES), torch.randn(4, 3, 16, 24)
    label = torch.tensor([0, 1, 2, 3])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(60):
        loss = nn.functional.cross_entropy(model(image), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(torch.tensor(7.0).log().item(), abs=1e-6)
    assert losses[-1] < 0.05
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())


def test_the_texts_of_a_batch_do_not_meet():
    model, tokens = randomised(FNetEncoder(**TEXT)), torch.randint(90, (3, 11))
    alone = torch.cat([model(text[None]) for text in tokens])
    torch.testing.assert_close(model(tokens), alone, rtol=0, atol=1e-11)


def test_dropout_reaches_every_block():
    model = FNetEncoder(**TEXT, dropout_rate=0.2)
    assert model.dropout.rate == 0.2
    assert all(b.channel_mixing.dropout.rate == 0.2 for b in model.blocks)
    tokens = torch.randint(90, (2, 11))
    assert not torch.equal(model(tokens), model(tokens))
    model.eval()
    assert torch.equal(model(tokens), model(tokens))


def test_half_precision_is_near_and_finite():
    model, image = randomised(FNet(**IMAGES)).float(), draw(2, 3, 16, 24).float()
    expected = model(image)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = model(image)
    halved = model.bfloat16()(image.bfloat16())
    for output in (mixed, halved):
        assert (output.float() - expected).abs().max() / expected.abs().max() < 0.1


def test_torch_export_with_a_free_batch_dimension():
    model = randomised(FNet(**IMAGES)).eval()
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(
        model, (draw(3, 3, 16, 24),), dynamic_shapes=({0: batch},)
    )
    other = draw(6, 3, 16, 24)
    torch.testing.assert_close(program.module()(other), model(other))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("vocabulary_size", 0, "vocabulary_size must be at least 1, got 0"),
        ("max_len", 0, "max_len must be at least 1, got 0"),
        ("num_types", 0, "num_types must be at least 1, got 0"),
        ("num_layers", 0, "num_layers must be at least 1, got 0"),
        ("hidden_dim", 0, "hidden_dim must be at least 1, got 0"),
        ("channels_mlp_dim", 0, "channels_mlp_dim must be at least 1, got 0"),
        ("dropout_rate", 1.0, r"rate must lie in \[0, 1\), got 1.0"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(option, value, message):
    with pytest.raises(ValueError, match=message):
        FNetEncoder(**(TEXT | {option: value}))
    if option in IMAGES:
        with pytest.raises(ValueError, match=message):
            FNet(**(IMAGES | {option: value}))


@pytest.mark.parametrize(
    ("tokens", "types", "message"),
    [
        (torch.full((2, 11), 90), None, "tokens must lie from 0 to 89, got 90 to 90"),
        (torch.zeros(2, 33, dtype=int), None, "at most 32 tokens, got 33"),
        (torch.zeros(2, 11), None, "tokens must be int64 or int32, got torch.float32"),
        (torch.zeros(11, dtype=int), None, r"expected shape \(batch, tokens\), got"),
        (
            torch.zeros(2, 11, dtype=int),
            torch.full((2, 11), 3),
            "types must lie from 0 to 2, got 3 to 3",
        ),
        (
            torch.zeros(2, 11, dtype=int),
            torch.zeros(2, 1, dtype=int),
            r"expected shape \(2, 11\), got \(2, 1\)",
        ),
    ],
)
def test_a_text_that_does_not_fit_is_refused(tokens, types, message):
    with pytest.raises(ValueError, match=message):
        FNetEncoder(**TEXT)(tokens, types)


def test_an_image_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"expected shape \(batch, 3, 16, 24\), got"):
        FNet(**IMAGES)(torch.zeros(2, 3, 24, 16))
    with pytest.raises(ValueError, match="must be a multiple of patch_size"):
        FNet(**(IMAGES | {"patch_size": 5}))
