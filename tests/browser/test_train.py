"""A Mixer trains in the page: like PyTorch, in view, and kindly when it cannot."""

import json
import math
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from labml_style_nn.web_training.loop import batches, given, train
from labml_style_nn.web_training.training_step import scaled
from labml_style_nn.web_training.variants import NETWORKS, VARIANTS
from labml_style_nn.web_training.weights import from_file
from tests.browser.conftest import longest_task, open_context, place, settle
from tests.browser.judging import violations_for_all

TRAIN = "train/"
MODULES = "assets/train"


def main(page: Page) -> Locator:
    """The button that trains, pauses and goes on."""
    return page.locator("[data-main]")


def state(page: Page) -> Locator:
    return page.locator("[data-train]")


def begin(page: Page, query: str = "") -> None:
    page.goto(TRAIN + query)
    main(page).click()
    expect(state(page)).to_have_attribute("data-state", "running")


def wait(page: Page, wanted: str) -> None:
    expect(state(page)).to_have_attribute("data-state", wanted)


def reported(page: Page, message: str) -> list[dict[str, Any]]:
    """What the thread that trains has told, of one kind. See `listened`."""
    found: list[dict[str, Any]] = page.evaluate(
        "kind => told.filter(({ type }) => type === kind)", message
    )
    return found


def losses(page: Page, which: int = 0) -> list[float]:
    news = [n for n in reported(page, "learned") if n["which"] == which]
    return [loss for one in news for loss in one["losses"]]


def first_losses(page: Page, which: int = 0) -> list[float]:
    """The losses of the first ten steps, as soon as they are there."""
    learned = f"({{ type, which }}) => type === 'learned' && which === {which}"
    number = f"told.filter({learned}).flatMap(({{ losses }}) => losses).length"
    page.wait_for_function(f"{number} >= 10", polling=100)
    return losses(page, which)[:10]


def pause(page: Page) -> None:
    main(page).click()
    wait(page, "paused")


# The page hides its inside, as it should. What comes from the thread can be overheard.
LISTEN = """
  window.told = [];
  const Plain = Worker;
  window.Worker = class extends Plain {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", ({ data }) => {
        const { theta, digits, manifest, logits, influences, ...rest } = data;
        told.push({ ...rest, logits: logits && [...logits] });
      });
    }
  };
"""


@pytest.fixture
def listened(page: Page) -> Page:
    """A page whose thread is overheard."""
    page.add_init_script(LISTEN)
    return page


@pytest.fixture(scope="module")
def scripts(regular: BrowserContext) -> Iterator[Page]:
    """A page that has nothing to do with training, and can import its scripts."""
    page = regular.new_page()
    page.goto("404.html")
    yield page
    page.close()


# ## Chance and training are PyTorch's


def test_chance_is_that_of_torch(scripts: Page) -> None:
    drawn = scripts.evaluate(
        """async ([folder]) => {
          const { Random } = await import(`${folder}/random.js`);
          const { Batches } = await import(`${folder}/batches.js`);
          const chance = new Random(2 ** 32 - 2);
          const batches = new Batches(7, 1437, 64);
          return {
            uniform: [chance.uniform(), chance.uniform()],
            normal: [...chance.normal(40, 0.5)],
            truncated: [...chance.truncatedNormal(1000, 0.3)],
            permutation: [...chance.permutation(1437)],
            batches: Array.from({ length: 50 }, () => batches.next()),
          };
        }""",
        [f"/{MODULES}"],
    )
    torch.manual_seed(2**32 - 2)
    assert drawn["uniform"] == torch.empty(2).uniform_().tolist()
    normal = torch.empty(40).normal_(0, 0.5)
    torch.testing.assert_close(torch.tensor(drawn["normal"]), normal)
    cut = torch.nn.init.trunc_normal_(torch.empty(1000), std=0.3, a=-0.6, b=0.6)
    torch.testing.assert_close(torch.tensor(drawn["truncated"]), cut)
    assert drawn["permutation"] == torch.randperm(1437).tolist()
    ours = [batch.tolist() for batch in islice(batches(7, 1437), 50)]
    assert drawn["batches"] == ours


def test_first_weights_are_those_of_torch(scripts: Page) -> None:
    found = scripts.evaluate(
        """async ([folder]) => {
          const { firstWeights, parameter } = await import(`${folder}/weights.js`);
          const { variants } = await (await fetch(`${folder}/manifest.json`)).json();
          const own = ({ name, step }) => step === `${name}.step.onnx`;
          // As a text: so many numbers one by one would take long on their way here.
          const weights = variants.filter(own).map((variant) => {
            const theta = firstWeights(variant, 3);
            const part = ({ name }) => [name, [...parameter(variant, theta, name)]];
            return [variant.name, Object.fromEntries(variant.parameters.map(part))];
          });
          return JSON.stringify(Object.fromEntries(weights));
        }""",
        [f"/{MODULES}"],
    )
    found = json.loads(found)
    assert [*found] == NETWORKS
    for name in NETWORKS:
        torch.manual_seed(3)
        weights = VARIANTS[name].build().state_dict()
        assert found[name].keys() == weights.keys()
        for part, expected in weights.items():
            ours = torch.tensor(found[name][part], dtype=torch.float32)
            torch.testing.assert_close(ours, expected.flatten())


def assert_both_learn_as_in_torch(page: Page, *names: str, seed: int) -> None:
    """Side by side, from the same seed, on the same batches."""
    for which, name in enumerate(names):
        ours = train(name, seed, number=10)
        assert first_losses(page, which) == pytest.approx(ours, abs=1e-4)
    expect(page.locator('[data-legend="loss"] li')).to_have_count(2)
    expect(page.locator('[data-chart="loss"] .curve')).to_have_count(2)


def test_shuffled_and_fewer_digits_are_those_of_the_python_loop(
    listened: Page, tmp_path: Path
) -> None:
    """The same graphs serve both, and are loaded once."""
    asked: list[str] = []
    listened.on("request", lambda request: asked.append(request.url))
    begin(listened, "?net=shuffled_pixels&beside=digits_100&seed=3&epochs=1")
    assert_both_learn_as_in_torch(listened, "shuffled_pixels", "digits_100", seed=3)
    wait(listened, "finished")
    graphs = [url.rpartition("/")[2] for url in asked if url.endswith(".onnx")]
    assert sorted(graphs) == ["default.probe.onnx", "default.step.onnx"]
    assert_a_download_answers(listened, tmp_path, "shuffled_pixels")


def test_the_python_on_the_page_gives_the_same_curve(
    listened: Page, tmp_path: Path
) -> None:
    """Changes of the rates on the way included; and the weights can be taken along."""
    begin(listened, "?net=patch_4&seed=5&epochs=1&lr=0.003,0.001@4&wd=0.05,0.5@6")
    wait(listened, "finished")
    assert len(losses(listened)) == 22
    code = str(listened.locator('[data-code="loop"] code').text_content())
    assert "4: (0.001, 0.05), 6: (0.001, 0.5)" in code
    code = code.replace('"patch_4", 5, 22', '"patch_4", 5, 10')
    known: dict[str, Any] = {}
    exec(code, known)
    assert losses(listened)[:10] == pytest.approx(known["losses"], abs=1e-4)
    assert_a_download_answers(listened, tmp_path, "patch_4")


def test_a_mixer_reads_97_percent_of_the_held_out_digits_and_a_drawing(
    page: Page,
) -> None:
    """The quickest of them; `tests/graphs/test_training.py` trains the default one."""
    begin(page, "?net=patch_4")
    page.wait_for_function(
        """() => document.querySelector('[data-legend="right"] b')
          ?.textContent.replace(" %", "") >= 97"""
    )
    pause(page)
    draw_a_zero(page)
    expect(page.locator("[data-reading]")).to_contain_text("It reads a 0")
    expect(page.locator("[data-reading-live]")).to_contain_text("It reads a 0")
    expect(page.locator("[data-bars] li.best")).to_contain_text("0")
    maps = page.locator("[data-maps] canvas")
    expect(maps).to_have_count(4)
    before = maps.first.evaluate("canvas => canvas.toDataURL()")
    page.get_by_role("gridcell").last.hover()
    expect(page.locator("[data-maps-word]")).to_contain_text("row 2, column 2")
    assert maps.first.evaluate("canvas => canvas.toDataURL()") != before


def draw_a_zero(page: Page) -> None:
    """With the mouse, an ellipse."""
    pad = page.locator("[data-pad]")
    pad.scroll_into_view_if_needed()
    left, top, width, height = place(pad).values()
    turns = [i / 24 * 2 * math.pi for i in range(26)]
    points = [(0.5 + 0.2 * math.sin(t), 0.5 - 0.35 * math.cos(t)) for t in turns]
    for number, (x, y) in enumerate(points):
        page.mouse.move(left + x * width, top + y * height)
        if number == 0:
            page.mouse.down()
    page.mouse.up()


# ## The weights can be taken along


def assert_a_download_answers(page: Page, folder: Path, net: str) -> None:
    """On the test digits, as the first network in the page did last."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the weights").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == f"mixer-{net}.safetensors"
    model = from_file(path)
    _, held_out = given(net)
    with torch.no_grad():
        logits = model(scaled(held_out.images))
    last = [news for news in reported(page, "tested") if news["which"] == 0][-1]
    found = torch.tensor(last["logits"]).view(-1, 10)
    torch.testing.assert_close(found, logits, rtol=1e-3, atol=1e-3)
    code = str(page.locator('[data-code="going-on"] code').text_content())
    assert path.name in code
    known: dict[str, Any] = {}
    exec(code.replace(path.name, str(path)), known)
    torch.testing.assert_close(known["held_out"].images, held_out.images)


# ## What is loaded, and when


def test_nothing_is_loaded_before_the_click_and_little_after(
    newcomer: Page,
) -> None:
    page = newcomer
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(TRAIN)
    settle(page)
    own = {url.rpartition("/")[2] for url in asked if MODULES in url}
    assert {name.rpartition(".")[2] for name in own} == {"js", "css"}
    assert "worker.js" not in own
    asked.clear()
    sizes: list[int] = []
    page.on("requestfinished", lambda r: sizes.append(r.sizes()["responseBodySize"]))
    main(page).click()
    wait(page, "running")
    page.wait_for_timeout(500)
    assert all(url.startswith(("blob:", page.url.split(TRAIN)[0])) for url in asked)
    assert 3_000_000 < sum(sizes) < 4_500_000


# ## The reader decides


LEARNED = "told.filter(t => t.losses).flatMap(t => t.losses).length"


def test_the_learning_rate_changes_on_the_way_and_pause_go_on_and_reset(
    listened: Page,
) -> None:
    begin(listened, "?net=patch_4&epochs=100")
    expect(listened.locator("[data-status]")).to_contain_text("steps per second")
    slider = listened.get_by_role("slider", name="Learning rate")
    slider.focus()
    slider.press("ArrowRight")
    expect(listened).to_have_url(re.compile(r"lr=0\.004,0\.0045@\d+"))
    listened.wait_for_function("told.some(({ type }) => type === 'schedule')")
    change = reported(listened, "schedule")[-1]["schedule"]
    assert [round(one["lr"], 6) for one in change] == [0.004, 0.0045]
    assert change[1]["step"] > 0
    expect(listened.locator('[data-chart="loss"] .mark')).to_have_count(1)
    pause(listened)
    done = len(losses(listened))
    listened.wait_for_timeout(400)
    assert len(losses(listened)) == done > 0
    main(listened).click()
    wait(listened, "running")
    listened.wait_for_function(f"{LEARNED} > {done}")
    listened.get_by_role("button", name="Reset").click()
    wait(listened, "idle")
    expect(main(listened)).to_have_text("Train")
    expect(listened.locator("[name=net]")).to_be_enabled()


def test_the_later_of_two_quick_changes_holds(scripts: Page) -> None:
    told = scripts.evaluate(
        """async ([module]) => {
          const { Lab } = await import(module);
          const lab = new Lab();
          const told = [];
          lab.session.tell = () => {};
          lab.weights = [[]];
          lab.addEventListener("schedule", ({ detail }) => told.push(detail.schedule));
          for (const lr of [0.1, 0.2]) lab.setRates({ lr, weightDecay: 0 });
          for (const schedule of ["the first", "both"]) {
            const data = { run: 0, schedule };
            lab.session.dispatchEvent(new MessageEvent("schedule", { data }));
          }
          return told;
        }""",
        [f"/{MODULES}/lab.js"],
    )
    assert told == ["both"]


def chosen(page: Page, *names: str) -> list[str]:
    """What stands in the fields."""
    return [page.locator(f"[name={name}]").input_value() for name in names]


def test_an_address_is_an_experiment(page: Page) -> None:
    page.goto(TRAIN + "?net=relu&beside=patch_4&seed=12&epochs=7&lr=0.01&wd=0")
    all_of_it = ("net", "beside", "seed", "epochs")
    assert chosen(page, *all_of_it) == ["relu", "patch_4", "12", "7"]
    expect(page.locator('[data-value="lr"]')).to_have_text("0.01")
    expect(page.locator('[data-value="weightDecay"]')).to_have_text("0")
    page.locator("[name=seed]").fill("13")
    expect(page).to_have_url(re.compile("seed=13"))
    page.locator("[name=net]").select_option("default")
    expect(page).not_to_have_url(re.compile("net="))
    # Nonsense is not believed.
    page.goto(TRAIN + "?net=<b>&beside=x&seed=-1&epochs=1e9&lr=NaN,5@x&wd=,")
    assert chosen(page, "net", "seed", "epochs") == ["default", "0", "15"]
    expect(page.locator('[data-value="lr"]')).to_have_text("0.004")


def test_an_experiment_is_tried_from_the_text(page: Page) -> None:
    page.goto(TRAIN)
    page.get_by_role("link", name="Patches of 4").first.click()
    wait(page, "running")
    expect(page).to_have_url(re.compile("beside=patch_4"))
    assert page.locator("[name=beside]").input_value() == "patch_4"
    page.go_back()
    wait(page, "idle")
    assert page.locator("[name=beside]").input_value() == ""


def test_the_page_and_the_manifest_agree(page: Page, site: Path) -> None:
    manifest = json.loads((site / MODULES / "manifest.json").read_text())
    page.goto(TRAIN)
    nets = page.locator("[data-net]")
    names = nets.evaluate_all("all => all.map(n => n.dataset.net)")
    assert names == [variant["name"] for variant in manifest["variants"]]
    # Those that change the digits stand together in both lists to choose from.
    options = page.locator("optgroup option")
    grouped = options.evaluate_all("all => all.map(o => o.value)")
    others = [name for name, variant in VARIANTS.items() if variant.changes_digits]
    assert grouped == 2 * others
    rates = page.locator("[data-train]").evaluate("({ dataset }) => ({ ...dataset })")
    assert float(rates["lr"]) == manifest["lr"]
    assert float(rates["weightDecay"]) == manifest["weight_decay"]
    told = page.locator(".md-content").inner_text()
    digits, batch = manifest["digits"], manifest["batch"]
    assert f"{batch} digits at a time" in told
    assert f"After {digits['train'] // batch} steps" in told
    assert f"{digits['test']} digits that are not used for training" in told
    assert f"as one of {digits['train']:,}" in told
    for variant in manifest["variants"]:
        entry = page.locator(f'[data-net="{variant["name"]}"]')
        expect(entry.locator("[data-note]")).to_contain_text(variant["expect"][:20])
        target = str(entry.locator("[data-note] a").first.get_attribute("href"))
        assert target.endswith(variant["code"])


# ## What is shown


def test_what_was_learned_is_shown_and_can_be_read_by_all(
    listened: Page, tools: Path
) -> None:
    page = listened
    begin(page, "?net=patch_4&beside=depth_1&epochs=2")
    assert_both_learn_as_in_torch(page, "patch_4", "depth_1", seed=0)
    wait(page, "finished")
    # Whose weights are shown is chosen.
    blocks = page.locator("[data-blocks] canvas")
    page.get_by_role("radio", name="One block").check()
    expect(blocks).to_have_count(1)
    expect(page.locator("[data-download]")).to_contain_text("One block")
    page.get_by_role("radio", name="Patches of 4").check()
    expect(blocks).to_have_count(4)
    filters = page.get_by_role("img", name="filters of the patch embedding")
    expect(filters).to_be_visible()
    cells = page.locator("[data-confusion] td:not(:empty)").all_inner_texts()
    assert sum(map(int, cells)) == 360
    told = page.locator("[data-mistakes-word]").inner_text()
    wrong = int(told.split()[0])
    expect(page.locator("[data-mistakes] li")).to_have_count(min(24, wrong))
    right = page.locator('[data-legend="right"] b').first
    expect(right).to_have_text(f"{100 * (1 - wrong / 360):.1f} %")
    page.get_by_text("The curves as a table").click()
    table = page.get_by_role("region", name="The curves as a table")
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first.locator("td")).to_have_count(6)
    expect(rows.first).to_contain_text("%")
    page.get_by_role("button", name="A test digit").click()
    expect(page.locator("[data-reading]")).to_contain_text("It reads")
    assert violations_for_all(page, tools) == []


def test_strokes_become_an_image_like_those_of_the_data(scripts: Page) -> None:
    image = scripts.evaluate(
        """async ([module]) => {
          const { reduced } = await import(module);
          return [...reduced([[[0.1, 0.1], [0.1, 0.3]]])];
        }""",
        [f"/{MODULES}/strokes.js"],
    )
    pixels = torch.tensor(image).view(8, 8)
    counts = pixels * 16
    assert torch.equal(counts, counts.round())
    assert pixels.min() == 0
    assert pixels.max() <= 1
    # One upright stroke: in the middle, from top to bottom, whatever its size was.
    assert (pixels[:, 3:5].sum(dim=1) > 0).all()
    assert (pixels[:, [0, 1, 6, 7]] == 0).all()


def inks(page: Page) -> list[int]:
    """What the squares of the grid say of themselves."""
    told = page.get_by_role("gridcell").evaluate_all("all => all.map(o => o.ariaLabel)")
    return [int(re.findall(r"\d+", one)[2]) for one in told]


def test_the_grid_shows_what_the_network_gets(page: Page) -> None:
    """Shuffled, if it gets the pixels shuffled, and can be painted so."""
    page.goto(TRAIN + "?net=default&beside=shuffled_pixels")
    draw_a_zero(page)
    drawn = inks(page)
    assert sum(drawn) > 100
    main(page).click()
    wait(page, "running")
    pause(page)
    assert inks(page) == drawn
    page.get_by_role("radio", name="Shuffled pixels").check()
    order = VARIANTS["shuffled_pixels"].order
    shuffled = [drawn[pixel] for pixel in order]
    other = next(i for i in range(64) if shuffled[i] != drawn[i])
    square, ink = page.get_by_role("gridcell").nth(other), shuffled[other]
    expect(square).to_have_attribute("aria-label", re.compile(f": {ink} of"))
    assert inks(page) == shuffled
    empty = shuffled.index(0)
    page.get_by_role("gridcell").nth(empty).click()
    shuffled[empty] = 8
    assert inks(page) == shuffled
    page.get_by_role("radio", name="The Mixer").check()
    page.get_by_role("button", name="Reset").click()
    drawn[order[empty]] = 8
    assert inks(page) == drawn


def test_all_is_done_by_keyboard(page: Page) -> None:
    page.goto(TRAIN)
    page.locator("[name=net]").focus()
    page.keyboard.type("Patches of 4")
    assert page.locator("[name=net]").input_value() == "patch_4"
    for _ in range(3 + page.locator("[data-expect] a").count() + 1):
        page.keyboard.press("Tab")
    expect(main(page)).to_be_focused()
    page.keyboard.press("Enter")
    wait(page, "running")
    page.keyboard.press("Enter")
    wait(page, "paused")
    page.get_by_role("gridcell").first.focus()
    for _ in range(8):
        page.keyboard.press("Space")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
    assert inks(page).count(16) in (7, 8)
    expect(page.locator("[data-reading]")).to_contain_text("It reads a")


def test_the_page_answers_while_it_trains(browser: Browser, page: Page) -> None:
    """No task is longer than the 100 ms within which a reader wants an answer."""
    begin(page, "?net=default&beside=no_skip&epochs=100")
    expect(page.locator("[data-status]")).to_contain_text("steps per second")
    page.get_by_role("slider", name="Learning rate").focus()

    def act() -> None:
        for key in ["ArrowRight", "ArrowLeft"] * 10:
            page.keyboard.press(key)
            page.wait_for_timeout(75)

    assert longest_task(browser, page, act) < 100
    expect(page).to_have_url(re.compile(r"lr=.*@\d+"))
    wait(page, "running")


# ## When it cannot


def test_a_run_that_leaves_all_bounds_says_so(page: Page) -> None:
    begin(page, "?net=patch_4&lr=10&wd=10&epochs=30")
    wait(page, "diverged")
    expect(page.get_by_role("alert")).to_contain_text("smaller learning rate")
    main(page).click()
    wait(page, "idle")


MISSING = {
    "delete window.Worker": "in the background",
    "delete window.WebAssembly": "WebAssembly",
    "WebAssembly.validate = () => false": "SIMD",
    "delete window.DecompressionStream": "compressed",
}


def test_what_the_browser_lacks_is_said(page: Page) -> None:
    for script, words in MISSING.items():
        page.goto(TRAIN)
        page.evaluate(script)
        main(page).click()
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.get_by_role("alert")).to_contain_text("recorded")
        expect(page.locator('[data-legend="loss"]')).to_contain_text("recorded")
        expect(page.locator('[data-chart="loss"] .curve')).to_have_count(1)


def served_as(kind: str) -> Callable[[Route], None]:
    """A server that says something else of what it sends."""

    def answer(route: Route) -> None:
        response = route.fetch()
        headers = {**response.headers, "content-type": kind}
        route.fulfill(response=response, headers=headers)

    return answer


def no_answer(route: Route) -> None:
    route.abort()


def page_instead(route: Route) -> None:
    """A server that knows no such file, and answers that all is well."""
    route.fulfill(status=200, content_type="text/html", body="\n<!doctype html><p>No")


def cut(route: Route) -> None:
    response = route.fetch()
    route.fulfill(response=response, body=response.body()[:100_000])


def without_wasm(route: Route) -> None:
    response = route.fetch()
    headers = {**response.headers, "content-security-policy": "script-src 'self'"}
    route.fulfill(response=response, headers=headers)


BINARY = served_as("application/octet-stream")
GLUE, GZIPPED = "ort-wasm-simd-threaded.js", "ort-wasm-simd-threaded.wasm.gz"
RUNTIME = "ort.wasm.min.js"
REFUSED: list[tuple[str, Callable[[Route], None], str]] = [
    *((f, no_answer, f) for f in ("manifest.json", "worker.js", "default.step.onnx")),
    (GZIPPED, no_answer, GZIPPED),
    (RUNTIME, BINARY, "it is application/octet-stream, not Java"),
    (GLUE, served_as("text/plain"), "it is text/plain, not JavaScript"),
    (RUNTIME, lambda route: route.fulfill(status=404), "404"),
    (RUNTIME, page_instead, "it is text/html, not JavaScript"),
    ("manifest.json", page_instead, "a page in its place"),
    ("default.probe.onnx", page_instead, "a page in its place"),
    ("digits.bin", page_instead, "a page in its place"),
    (GZIPPED, cut, f"{GZIPPED}: it is broken, or not whole"),
    ("worker.js", BINARY, "worker.js: the thread could not begin"),
]


def test_what_the_server_does_is_said_and_can_be_tried_again(page: Page) -> None:
    """On one page, which trains as soon as nothing is in its way."""
    page.goto(TRAIN)
    alert = page.get_by_role("alert")
    for file, answer, words in REFUSED:
        page.route(f"**/{MODULES}/**/{file}", answer)
        main(page).click()
        expect(alert).to_contain_text(words)
        expect(alert).to_contain_text("could not be loaded")
        wait(page, "idle")
        page.unroute_all()
    main(page).click()
    wait(page, "running")
    expect(alert).to_be_hidden()


def starved(route: Route) -> None:
    response = route.fetch()
    failing = "throw new RangeError('Array buffer allocation failed');"
    body = response.text().replace(
        "async step(", f"async step() {{{failing}}}\nasync x("
    )
    route.fulfill(response=response, body=body)


def test_rules_against_webassembly_and_a_lack_of_memory_are_named(page: Page) -> None:
    for file, answer, words in (
        ("worker.js", without_wasm, "needs 'wasm-unsafe-eval'"),
        ("network.js", starved, "out of memory"),
    ):
        page.route(f"**/{MODULES}/{file}", answer)
        page.goto(TRAIN)
        main(page).click()
        expect(page.get_by_role("alert")).to_contain_text(words)
        page.unroute_all()


class Strange(SimpleHTTPRequestHandler):
    """A server that knows few types, and says of `.gz` that it compressed it."""

    extensions_map: ClassVar = {
        **{".html": "text/html", ".css": "text/css", ".js": "text/javascript"},
        **dict.fromkeys((".gz", ".json", ".onnx", ".bin", ""), "application/x-what"),
    }

    def end_headers(self) -> None:
        if self.path.endswith(".gz"):
            self.send_header("Content-Encoding", "gzip")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_it_trains_on_a_server_that_knows_few_types_and_below_a_path(
    browser: Browser, light: Path, tmp_path: Path
) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "path").symlink_to(light)
    handler = partial(Strange, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{web.server_port}/some/path/"
        with open_context(browser, base_url=base) as context:
            page = context.new_page()
            begin(page, "?net=patch_4")
            expect(page.locator("[data-status]")).to_contain_text("steps per second")
        web.shutdown()


def test_from_a_disk_it_says_that_it_takes_a_server(
    browser: Browser, light: Path
) -> None:
    with open_context(browser) as context:
        page = context.new_page()
        page.goto((light / TRAIN / "index.html").as_uri())
        expect(page.get_by_text("a server only")).to_be_visible()
        expect(main(page)).to_be_hidden()
        expect(page.locator("[data-recorded] .curve").first).to_be_visible()


# A tab that nobody sees is not asked to paint. Chromium without a window has no tab in
# front of another, so here the page is told when to paint.
UNSEEN = """
  const paint = window.requestAnimationFrame.bind(window);
  const waiting = [];
  window.seen = true;
  window.requestAnimationFrame = (draw) => (seen ? paint(draw) : waiting.push(draw));
  window.show = () => {
    seen = true;
    waiting.splice(0).forEach((draw) => paint(draw));
  };
"""


def test_behind_another_tab_it_trains_on_and_shows_it_afterwards(
    listened: Page,
) -> None:
    listened.add_init_script(UNSEEN)
    begin(listened, "?net=patch_4&epochs=100")
    curve = listened.locator('[data-chart="loss"] .curve').last
    expect(curve).to_be_attached()
    listened.evaluate("seen = false")
    listened.wait_for_timeout(300)
    before, done = curve.get_attribute("d"), len(losses(listened))
    listened.wait_for_function(
        f"{LEARNED} > {done + 5}",
        polling=100,  # else it looks whenever the page paints
    )
    assert curve.get_attribute("d") == before
    listened.evaluate("show()")
    expect(curve).not_to_have_attribute("d", str(before))


def test_the_recorded_run_is_read_without_javascript(plain: Page) -> None:
    plain.goto(TRAIN)
    expect(plain.get_by_text("Training needs JavaScript")).to_be_visible()
    expect(plain.locator("[data-recorded] .curve").first).to_be_visible()
    expect(main(plain)).to_be_hidden()
    expect(plain.locator("[data-net]")).to_have_count(len(VARIANTS))


def test_a_finger_draws(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(TRAIN)
    page.locator("[data-pad]").evaluate(
        """pad => {
          pad.setPointerCapture = () => {};
          pad.hasPointerCapture = () => true;
          const { left, top, width } = pad.getBoundingClientRect();
          const point = (type, share) => pad.dispatchEvent(new PointerEvent(type, {
            pointerType: "touch", pointerId: 1, button: 0,
            clientX: left + width / 2, clientY: top + share * width,
          }));
          point("pointerdown", 0.2);
          point("pointermove", 0.8);
        }"""
    )
    assert sum(ink > 0 for ink in inks(page)) >= 16
