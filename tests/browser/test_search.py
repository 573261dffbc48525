"""Search: the terms of the field lead to the right pages, and any key may be typed."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_context, settle

INDEX = "search/search_index.json"
# Terms of the field, as the contents of courses and textbooks have them (some in the
# American spelling, too), each with the page or pages about it.
TERMS = {
    # Layers
    "residual connection": "layers/skip_connection/",
    "skip connection": "layers/skip_connection/",
    "ResNet": "layers/skip_connection/",
    "multi-layer perceptron": "layers/mlp/",
    "multilayer perceptron": "layers/mlp/",
    "fully connected layer": "layers/linear/ layers/mlp/",
    "weight initialization": "layers/linear/",
    "activation function": "layers/gelu/",
    "ReLU": "layers/gelu/",
    "layer normalization": "layers/layer_norm/",
    "batch normalization": "layers/batch_norm/",
    "group normalization": "layers/group_norm/",
    "dropout": "layers/dropout/",
    "stochastic depth": "layers/stochastic_depth/",
    "DropPath": "layers/stochastic_depth/",
    "depthwise separable convolution": "layers/depthwise_convolution/",
    "pointwise convolution": "layers/pointwise_convolution/",
    "receptive field": "models/conv_mixer/",
    "global average pooling": "layers/head/",
    "logits": "layers/head/",
    "token": "layers/token_mixing/ layers/token_embedding/",
    "patch": "layers/patch_embedding/",
    "embedding": "layers/patch_embedding/ layers/token_embedding/",
    "permutation": "permutation/ layers/attention/ layers/positional_encoding/",
    "Fourier transform": "layers/fourier_mixing/ models/fnet/",
    # Attention
    "self-attention": "layers/attention/",
    "multi-head self-attention": "layers/attention/",
    "scaled dot-product attention": "layers/attention/",
    "softmax": "layers/attention/",
    "attention mask": "layers/masked_attention/",
    "cross-attention": "layers/masked_attention/",
    "position embedding": "layers/positional_encoding/",
    "positional encoding": "layers/positional_encoding/",
    # Models
    "vision transformer": "models/vit/",
    "ViT-B/16": "models/vit/",
    "class token": "models/vit/",
    "encoder": "models/transformer/",
    "BERT": "models/masked_language_model/",
    "inductive bias": "experiments/pixel_order/ family/ models/mlp_mixer/ models/vit/",
    "pre-training": "pretrained/",
    "fine-tuning": "resolution/ pretrained/ experiments/few_shot/",
    "transfer learning": "experiments/few_shot/",
    # Training
    "training loop": "experiments/training/",
    "backpropagation": "experiments/training/",
    "mini-batch": "experiments/training/",
    "gradient clipping": "experiments/training/",
    "gradient accumulation": "experiments/training/",
    "mixed precision": "experiments/training/",
    "checkpoint": "experiments/training/ guide/run/",
    "cross-entropy": "experiments/classification/",
    "label smoothing": "experiments/classification/",
    "optimizer": "experiments/optimizer/",
    "weight decay": "experiments/optimizer/",
    "regularisation": "experiments/optimizer/ layers/dropout/",
    "overfitting": "data/augmentation/ layers/dropout/ experiments/training/",
    "learning-rate schedule": "experiments/schedule/",
    "warm-up": "experiments/schedule/",
    "cosine": "experiments/schedule/",
    "EMA": "experiments/ema/",
    "exponential moving average": "experiments/ema/",
    "data augmentation": "data/augmentation/",
    "random crop": "data/cropping/",
    "mixup": "data/cutmix/",
    # Evaluation
    "test accuracy": "results/",
    "benchmark": "results/",
    "image classification": "experiments/mixer_images/",
    "CIFAR-10": "experiments/mixer_images/ experiments/conv_mixer_images/",
    "few-shot": "experiments/few_shot/",
    "linear probe": "experiments/few_shot/",
    "masked language modelling": "experiments/masked_language/",
    "masked language modeling": "experiments/masked_language/",
    "perplexity": "experiments/masked_language/ experiments/masked_text/",
    "bits per character": "experiments/masked_language/ experiments/masked_text/",
    "throughput": "experiments/token_cost/",
    "FLOPs": "family/",
    "MACs": "family/",
    "confusion matrix": "train/",
    # The site
    "install": "guide/install/",
    "tensor shapes": "guide/read/",
}
HITS = """() => [...document.querySelectorAll('.md-search-result__item')].slice(0, 3)
  .map((item) => new URL(item.querySelector('a').href).pathname.slice(1))"""
# How many queries the theme has asked its worker, and how many it was answered.
COUNT = """
window.asked = window.answered = 0;
window.Worker = class extends Worker {
  constructor(address, options) {
    super(address, options);
    this.addEventListener("message", ({ data }) => { answered += data.type === 3 });
  }
  postMessage(message, ...rest) {
    asked += message.type === 2;
    super.postMessage(message, ...rest);
  }
};
"""


@pytest.fixture
def reader(browser: Browser, searchable: str) -> Iterator[Page]:
    """A page of the site whose search is told apart from a slow one."""
    with open_context(browser, base_url=searchable) as context:
        context.add_init_script(COUNT)
        page = context.new_page()
        page.goto("guide/install/")
        yield page


def press(page: Page, key: str) -> str:
    """Press a key, and wait for what the search says then."""
    before = page.evaluate("asked")
    page.keyboard.press(key)
    page.wait_for_function(f"asked > {before} && answered === asked")
    return page.locator(".md-search-result__meta").inner_text()


def type_keys(page: Page, keys: str) -> list[str]:
    """Type key by key in place of what stands there; what is said after each."""
    page.locator(".md-search__input").fill("")
    return [press(page, key) for key in keys]


def test_sixty_terms_of_the_field_lead_to_their_pages(reader: Page) -> None:
    """The right page is among the first three."""
    assert len(TERMS) >= 60
    wrong = []
    for term, pages in TERMS.items():
        reader.locator(".md-search__input").fill(term[:-1])
        press(reader, term[-1])
        hits = reader.evaluate(HITS)
        if not set(hits) & set(pages.split()):
            wrong.append(f"{term}: {hits}, not {pages}")
    assert not wrong, "\n".join(wrong)


def test_an_operator_does_not_confuse_the_search(reader: Page) -> None:
    """`few-` finds what `few` does, and not all there is; so do the other four."""
    warnings: list[str] = []
    reader.on("console", lambda message: warnings.append(message.text))
    for word, page in {
        "few-shot": "experiments/few_shot/",
        "ViT-B/16": "models/vit/",
        "CIFAR-10": "experiments/mixer_images/",
    }.items():
        said = type_keys(reader, word)
        at = word.index("-")
        assert said[at] == said[at - 1]
        assert page in reader.evaluate(HITS), word
    for operator in "+-:^~":
        said = type_keys(reader, f"mlp{operator}m")
        assert said[3] == said[2] != said[4], operator
        assert type_keys(reader, f"{operator}mlp")[-1] == said[2], operator
    type_keys(reader, "dropout")
    assert reader.evaluate(HITS)[0] == "layers/dropout/"
    assert not warnings


def test_the_index_is_small_and_fetched_by_whoever_searches(
    site: Path, reader: Page
) -> None:
    assert len(gzip.compress((site / INDEX).read_bytes(), 6)) < 200_000
    asked: list[str] = []
    reader.on("request", lambda request: asked.append(request.url))
    reader.reload()
    settle(reader)
    assert not [url for url in asked if url.endswith(INDEX)]
    with reader.expect_response(f"**/{INDEX}"):
        reader.keyboard.press("/")
    type_keys(reader, "dropout")
    assert reader.evaluate(HITS)[0] == "layers/dropout/"
