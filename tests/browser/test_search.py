"""Search: the terms of the field lead to the right pages, and any key may be typed."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_context, settle
from tests.browser.test_reading import SOURCE

INDEX = "search/search_index.json"
# The page or pages about some terms of the field, as the contents of courses and
# textbooks have them (some in the American spelling, too).
TERMS = """
layers/skip_connection/: residual connection, skip connection, ResNet
layers/mlp/: multi-layer perceptron, multilayer perceptron
layers/linear/ layers/mlp/: fully connected layer; layers/linear/: weight initialization
layers/gelu/: activation function, ReLU; layers/layer_norm/: layer normalization
layers/batch_norm/: batch normalization; layers/group_norm/: group normalization
layers/dropout/: dropout; layers/stochastic_depth/: stochastic depth, DropPath
layers/depthwise_convolution/: depthwise separable convolution
layers/pointwise_convolution/: pointwise convolution
models/conv_mixer/: receptive field; layers/head/: global average pooling, logits
layers/token_mixing/ layers/token_embedding/: token; layers/patch_embedding/: patch
layers/patch_embedding/ layers/token_embedding/: embedding
permutation/ layers/attention/ layers/positional_encoding/: permutation
layers/fourier_mixing/ models/fnet/: Fourier transform
layers/attention/: self-attention, multi-head self-attention, scaled dot-product
    attention, softmax
layers/masked_attention/: attention mask, cross-attention
layers/positional_encoding/: position embedding, positional encoding
models/vit/: vision transformer, ViT-B/16, class token; models/transformer/: encoder
models/masked_language_model/: BERT
experiments/pixel_order/ family/ models/mlp_mixer/ models/vit/: inductive bias
pretrained/: pre-training; resolution/ pretrained/ experiments/few_shot/: fine-tuning
experiments/few_shot/: transfer learning, few-shot, linear probe
experiments/training/: training loop, backpropagation, mini-batch, gradient
    clipping, gradient accumulation, mixed precision
experiments/training/ guide/run/: checkpoint
experiments/classification/: cross-entropy, label smoothing
experiments/optimizer/: optimizer, weight decay
experiments/optimizer/ layers/dropout/: regularisation
data/augmentation/ layers/dropout/ experiments/training/: overfitting
experiments/schedule/: learning-rate schedule, warm-up, cosine
experiments/ema/: EMA, exponential moving average; data/augmentation/: data augmentation
data/cropping/: random crop; data/cutmix/: mixup; results/: test accuracy, benchmark
experiments/mixer_images/: image classification
experiments/mixer_images/ experiments/conv_mixer_images/: CIFAR-10
experiments/masked_language/: masked language modelling, masked language modeling
experiments/masked_language/ experiments/masked_text/: perplexity, bits per character
experiments/token_cost/: throughput; family/: FLOPs, MACs; train/: confusion matrix
guide/install/: install; guide/read/: tensor shapes
"""
HITS = """() => [...document.querySelectorAll('.md-search-result__item')].slice(0, 3)
  .map((item) => new URL(item.querySelector('a').href).pathname.slice(1))"""
# How many queries the theme has asked its worker, and how many it was answered.
COUNT = """
window.asked = window.answered = window.before = 0;
addEventListener("keydown", () => { before = asked; }, true);
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
# What the search says of the last key. It is asked for as often as a page is painted.
ANSWERED = """async () => {
  const painted = () => new Promise(requestAnimationFrame);
  for (let n = 0; n < 10_000 && (asked === before || answered < asked); n++)
    await painted();
  return document.querySelector(".md-search-result__meta").innerText;
}"""
SENTENCE = "convolutional networks are pyramids"
ROWS = {
    "dropout": '[href*="layers/dropout/"]',
    "TokenMixing": '[href*="layers/token_mixing/"][href$="#TokenMixing"]',
    SENTENCE: '[href*="models/mlp_mixer/"][href$="#MixerBlock"]',
}


@pytest.fixture(scope="module")
def reader(browser: Browser, searchable: str) -> Iterator[Page]:
    """A page of the site whose search is told apart from a slow one."""
    with open_context(browser, base_url=searchable) as context:
        context.add_init_script(COUNT)
        page = context.new_page()
        page.goto("guide/install/")
        yield page


def press(page: Page, key: str) -> str:
    """Press a key, and wait for what the search says then."""
    page.keyboard.press(key)
    return str(page.evaluate(ANSWERED))


def type_keys(page: Page, keys: str) -> list[str]:
    """Type key by key in place of what stands there; what is said after each."""
    page.locator(".md-search__input").fill("")
    return [press(page, key) for key in keys]


def leading(table: str) -> Iterator[tuple[str, set[str]]]:
    """Each term of a table, and the pages to which it shall lead."""
    for entry in re.split("; |\n(?! )", table.strip()):
        pages, terms = entry.split(": ")
        for term in terms.split(","):
            yield " ".join(term.split()), set(pages.split())


def assert_found(page: Page, terms: list[tuple[str, set[str]]], folder: str) -> None:
    """A right page is among the first three."""
    wrong = []
    for term, pages in terms:
        page.locator(".md-search__input").fill(term)
        press(page, "End")
        hits = page.evaluate(HITS)
        if not set(hits) & {folder + each for each in pages}:
            wrong.append(f"{term}: {hits}, not {pages}")
    assert not wrong, "\n".join(wrong)


def test_sixty_terms_lead_to_their_pages_and_operators_do_no_harm(reader: Page) -> None:
    """`few-` finds what `few` does, and not all there is; so do the other four."""
    terms = [*leading(TERMS)]
    assert len(terms) >= 60
    assert_found(reader, terms, "")
    warnings: list[str] = []
    reader.on("console", lambda message: warnings.append(message.text))
    pages = ["experiments/few_shot/", "models/vit/", "experiments/mixer_images/"]
    for word, page in zip(("few-shot", "ViT-B/16", "CIFAR-10"), pages, strict=True):
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


def test_the_index_has_answers_and_no_shapes_and_is_fetched_by_who_searches(
    site: Path, reader: Page
) -> None:
    """Typed after `/`; of a class and of a sentence, a result leads to the row."""
    index = json.loads((site / INDEX).read_text("utf-8"))
    texts = {entry["location"]: entry["text"] for entry in index["docs"]}
    layer = "layers/token_mixing/"
    assert "Each letter that a weight sums over" in texts[f"{layer}#exercises"]
    assert "the Fourier transform takes time" in texts["family/#exercises"]
    text = " ".join(text for at, text in texts.items() if at.startswith(layer))
    assert "torch.baddbmm" in text
    assert "float32" not in text
    assert "B × " not in text
    assert SENTENCE in SOURCE.read_text()
    # Letters of other languages are longer.
    for tree, most in {"": 200, "zh": 240, "ja": 250, "si": 255}.items():
        assert len(gzip.compress((site / tree / INDEX).read_bytes(), 6)) < 1000 * most
    asked: list[str] = []
    reader.on("request", lambda request: asked.append(request.url))
    reader.reload()
    settle(reader)
    assert not [url for url in asked if url.endswith(INDEX)]
    with reader.expect_response(f"**/{INDEX}"):
        reader.keyboard.press("/")
    for query, found in ROWS.items():
        expect(reader.get_by_role("textbox", name="Search")).to_be_focused()
        reader.keyboard.press("Control+a")
        reader.keyboard.insert_text(query)
        press(reader, "End")
        expect(reader.locator(f".md-search-result__link{found}").first).to_be_attached()
        reader.keyboard.press("Escape")
        reader.keyboard.press("/")
