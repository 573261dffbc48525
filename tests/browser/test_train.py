"""A Mixer trains in the page: like PyTorch, in view, and kindly when it cannot."""

import json
import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping
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
# A tab that nobody sees is not asked to paint. Chromium without a window has no tab in
# front of another, so here the page is told when to paint.
UNSEEN = """
  const paint = window.requestAnimationFrame.bind(window);
  const waiting = [];
  window.seen = true;
  window.requestAnimationFrame = (draw) => (seen ? paint(draw) : waiting.push(draw));
  window.painted = () => new Promise((done) => paint(() => paint(done)));
  window.show = () => {
    seen = true;
    waiting.splice(0).forEach((draw) => paint(draw));
  };
"""
# As when a reader goes back to an address.
CHOOSE = """query => {
  window.told = [];
  history.pushState(null, "", location.pathname + query);
  dispatchEvent(new PopStateEvent("popstate"));
}"""
LOSSES = "which => told.flatMap((t) => (t.which === which && t.losses) || [])"


@pytest.fixture(scope="module")
def opened(regular: BrowserContext) -> Iterator[Page]:
    """A page that has loaded its program once for all tests, and is overheard."""
    page = regular.new_page()
    page.add_init_script(LISTEN + UNSEEN)
    page.goto(TRAIN)
    yield page
    page.close()


@pytest.fixture
def lab(opened: Page) -> Page:
    """The same, on which nothing was chosen, drawn or told yet."""
    opened.set_viewport_size({"width": 1440, "height": 900})
    opened.emulate_media(color_scheme="light")
    opened.evaluate("show()")
    opened.evaluate(CHOOSE, "")
    opened.locator("[data-clear]").click()
    return opened


def main(page: Page) -> Locator:
    """The button that trains, pauses and goes on."""
    return page.locator("[data-main]")


def wait(page: Page, wanted: str) -> None:
    expect(page.locator("[data-train]")).to_have_attribute("data-state", wanted)


def press(page: Page, wanted: str) -> None:
    """Press the button, which then has another meaning."""
    main(page).click()
    wait(page, wanted)


def begin(page: Page, query: str) -> None:
    page.evaluate(CHOOSE, query)
    press(page, "running")


def reported(page: Page, message: str) -> list[dict[str, Any]]:
    """What the thread that trains has told, of one kind."""
    script = "kind => told.filter(({ type }) => type === kind)"
    found: list[dict[str, Any]] = page.evaluate(script, message)
    return found


def losses(page: Page, which: int = 0, least: int = 0) -> list[float]:
    """The losses of a network, as soon as there are so many."""
    enough = f"({LOSSES})({which}).length >= {least}"
    page.wait_for_function(enough, polling=100)  # else it looks when the page paints
    found: list[float] = page.evaluate(LOSSES, which)
    return found


def test_chance_and_first_weights_are_those_of_torch(opened: Page) -> None:
    drawn = opened.evaluate(
        """async () => {
          const { Random } = await import("/assets/train/random.js");
          const { Batches } = await import("/assets/train/batches.js");
          const chance = new Random(2 ** 32 - 2);
          const batches = new Batches(7, 1437, 64);
          return {
            uniform: [chance.uniform(), chance.uniform()],
            normal: [...chance.normal(40, 0.5)],
            truncated: [...chance.truncatedNormal(1000, 0.3)],
            permutation: [...chance.permutation(1437)],
            batches: Array.from({ length: 50 }, () => batches.next()),
          };
        }"""
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
    # As a text: so many numbers one by one would take long on their way here.
    text = opened.evaluate(
        """async () => {
          const { firstWeights, parameter } = await import("/assets/train/weights.js");
          const told = await (await fetch("/assets/train/manifest.json")).json();
          const own = ({ name, step }) => step === `${name}.step.onnx`;
          const weights = told.variants.filter(own).map((variant) => {
            const theta = firstWeights(variant, 3);
            const part = ({ name }) => [name, [...parameter(variant, theta, name)]];
            return [variant.name, Object.fromEntries(variant.parameters.map(part))];
          });
          return JSON.stringify(Object.fromEntries(weights));
        }"""
    )
    found = json.loads(text)
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
        assert losses(page, which, least=10)[:10] == pytest.approx(ours, abs=1e-4)
    expect(page.locator('[data-legend="loss"] li')).to_have_count(2)
    expect(page.locator('[data-chart="loss"] .curve')).to_have_count(2)


def test_the_python_on_the_page_gives_the_same_curve(lab: Page, tmp_path: Path) -> None:
    """Changes of the rates on the way included; and the weights can be taken along."""
    begin(lab, "?net=patch_4&seed=5&epochs=1&lr=0.003,0.001@4&wd=0.05,0.5@6")
    wait(lab, "finished")
    assert len(losses(lab)) == 22
    code = str(lab.locator('[data-code="loop"] code').text_content())
    assert "4: (0.001, 0.05), 6: (0.001, 0.5)" in code
    known: dict[str, Any] = {}
    exec(code.replace('"patch_4", 5, 22', '"patch_4", 5, 10'), known)
    assert losses(lab)[:10] == pytest.approx(known["losses"], abs=1e-4)
    assert_a_download_answers(lab, tmp_path, "patch_4")


def test_a_mixer_reads_97_percent_of_the_digits_and_a_drawing(lab: Page) -> None:
    """The quickest of them; `tests/graphs/test_variants.py` trains the default one."""
    begin(lab, "?net=patch_4")
    lab.wait_for_function(
        """() => document.querySelector('[data-legend="right"] b')
          ?.textContent.replace(" %", "") >= 97"""
    )
    press(lab, "paused")
    draw_a_zero(lab)
    expect(lab.locator("[data-reading]")).to_contain_text("It reads a 0")
    expect(lab.locator("[data-reading-live]")).to_contain_text("It reads a 0")
    expect(lab.locator("[data-bars] li.best")).to_contain_text("0")
    maps = lab.locator("[data-maps] canvas")
    expect(maps).to_have_count(4)
    before = maps.first.evaluate("canvas => canvas.toDataURL()")
    lab.get_by_role("gridcell").last.hover()
    expect(lab.locator("[data-maps-word]")).to_contain_text("row 2, column 2")
    assert maps.first.evaluate("canvas => canvas.toDataURL()") != before


def draw_a_zero(page: Page) -> None:
    """With the mouse, an ellipse."""
    pad = page.locator("[data-pad]")
    pad.evaluate("pad => pad.scrollIntoView({ block: 'center' })")
    left, top, width, height = place(pad).values()
    for number in range(26):
        turn = number / 24 * 2 * math.pi
        x, y = 0.5 + 0.2 * math.sin(turn), 0.5 - 0.35 * math.cos(turn)
        page.mouse.move(left + x * width, top + y * height)
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def assert_a_download_answers(page: Page, folder: Path, net: str) -> None:
    """On the test digits, as the first network in the page did last."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the weights").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == f"mixer-{net}.safetensors"
    _, held_out = given(net)
    with torch.no_grad():
        logits = from_file(path)(scaled(held_out.images))
    last = [news for news in reported(page, "tested") if news["which"] == 0][-1]
    found = torch.tensor(last["logits"]).view(-1, 10)
    torch.testing.assert_close(found, logits, rtol=1e-3, atol=1e-3)
    code = str(page.locator('[data-code="going-on"] code').text_content())
    assert path.name in code
    known: dict[str, Any] = {}
    exec(code.replace(path.name, str(path)), known)
    torch.testing.assert_close(known["held_out"].images, held_out.images)


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


def test_nothing_is_loaded_before_the_click(
    browser: Browser, light: Path, tmp_path: Path
) -> None:
    """And little after, and no graph twice, of two networks that learn as in Python.

    The site lies below a path of such a server, and the reader is new to it.
    """
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "path").symlink_to(light)
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Strange, directory=tmp_path))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    home = f"http://127.0.0.1:{web.server_port}/some/path/"
    with web, open_context(browser, base_url=home) as context:
        page = context.new_page()
        asked, sizes = list[str](), list[int]()
        page.on("request", lambda request: asked.append(request.url))
        page.add_init_script(LISTEN)
        page.goto(TRAIN + "?net=shuffled_pixels&beside=digits_100&seed=3&epochs=1")
        settle(page)
        own = {url.rpartition("/")[2] for url in asked if MODULES in url}
        assert {name.rpartition(".")[2] for name in own} == {"js", "css"}
        assert "worker.js" not in own
        asked.clear()
        size = "responseBodySize"
        page.on("requestfinished", lambda request: sizes.append(request.sizes()[size]))
        main(page).click()
        assert_both_learn_as_in_torch(page, "shuffled_pixels", "digits_100", seed=3)
        wait(page, "finished")
        assert all(url.startswith(("blob:", home)) for url in asked)
        graphs = [url.rpartition("/")[2] for url in asked if url.endswith(".onnx")]
        assert sorted(graphs) == ["default.probe.onnx", "default.step.onnx"]
        assert 3_000_000 < sum(sizes) < 4_500_000
        assert_a_download_answers(page, tmp_path, "shuffled_pixels")
        web.shutdown()


def test_a_rate_is_changed_on_the_way_and_a_run_paused_or_reset(lab: Page) -> None:
    """A run that leaves all bounds says so; the later of two quick changes holds."""
    begin(lab, "?net=patch_4&epochs=100")
    expect(lab.locator("[data-status]")).to_contain_text("steps per second")
    lab.get_by_role("slider", name="Learning rate").press("ArrowRight")
    expect(lab).to_have_url(re.compile(r"lr=0\.004,0\.0045@\d+"))
    lab.wait_for_function("told.some(({ type }) => type === 'schedule')")
    change = reported(lab, "schedule")[-1]["schedule"]
    assert [round(one["lr"], 6) for one in change] == [0.004, 0.0045]
    assert change[1]["step"] > 0
    expect(lab.locator('[data-chart="loss"] .mark')).to_have_count(1)
    press(lab, "paused")
    done = len(losses(lab))
    lab.wait_for_timeout(400)
    assert len(losses(lab)) == done > 0
    press(lab, "running")
    losses(lab, least=done + 1)
    lab.get_by_role("button", name="Reset").click()
    wait(lab, "idle")
    expect(main(lab)).to_have_text("Train")
    expect(lab.locator("[name=net]")).to_be_enabled()
    begin(lab, "?net=patch_4&lr=10&wd=10&epochs=30")
    wait(lab, "diverged")
    expect(lab.get_by_role("alert")).to_contain_text("smaller learning rate")
    press(lab, "idle")
    told = lab.evaluate(
        """async () => {
          const { Lab } = await import("/assets/train/lab.js");
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
        }"""
    )
    assert told == ["both"]


def chosen(page: Page, *names: str) -> list[str]:
    """What stands in the fields."""
    return [page.locator(f"[name={name}]").input_value() for name in names]


def test_an_address_is_an_experiment_and_the_text_has_some_to_try(page: Page) -> None:
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
    page.evaluate(CHOOSE, "?net=<b>&beside=x&seed=-1&epochs=1e9&lr=NaN,5@x&wd=,")
    assert chosen(page, *all_of_it) == ["default", "", "0", "15"]
    expect(page.locator('[data-value="lr"]')).to_have_text("0.004")
    page.get_by_role("link", name="Patches of 4").first.click()
    wait(page, "running")
    expect(page).to_have_url(re.compile("beside=patch_4"))
    assert chosen(page, "beside") == ["patch_4"]
    page.go_back()
    wait(page, "idle")
    assert chosen(page, "beside") == [""]


def test_the_page_and_the_manifest_agree(lab: Page, site: Path) -> None:
    manifest = json.loads((site / MODULES / "manifest.json").read_text())
    names = lab.locator("[data-net]").evaluate_all("all => all.map(n => n.dataset.net)")
    assert names == [variant["name"] for variant in manifest["variants"]]
    # Those that change the digits stand together in both lists to choose from.
    options = lab.locator("optgroup option")
    grouped = options.evaluate_all("all => all.map(o => o.value)")
    others = [name for name, variant in VARIANTS.items() if variant.changes_digits]
    assert grouped == 2 * others
    rates = lab.locator("[data-train]").evaluate("({ dataset }) => ({ ...dataset })")
    assert float(rates["lr"]) == manifest["lr"]
    assert float(rates["weightDecay"]) == manifest["weight_decay"]
    told = lab.locator(".md-content").inner_text()
    digits, batch = manifest["digits"], manifest["batch"]
    assert f"{batch} digits at a time" in told
    assert f"After {digits['train'] // batch} steps" in told
    assert f"{digits['test']} digits that are not used for training" in told
    assert f"as one of {digits['train']:,}" in told
    for variant in manifest["variants"]:
        note = lab.locator(f'[data-net="{variant["name"]}"] [data-note]')
        expect(note).to_contain_text(variant["expect"][:20])
        target = str(note.locator("a").first.get_attribute("href"))
        assert target.endswith(variant["code"])


def test_what_was_learned_can_be_read_by_all(lab: Page, tools: Path) -> None:
    begin(lab, "?net=patch_4&beside=depth_1&epochs=2")
    assert_both_learn_as_in_torch(lab, "patch_4", "depth_1", seed=0)
    wait(lab, "finished")
    # Whose weights are shown is chosen.
    blocks = lab.locator("[data-blocks] canvas")
    for name, number in (("One block", 1), ("Patches of 4", 4)):
        lab.get_by_role("radio", name=name).check()
        expect(blocks).to_have_count(number)
        expect(lab.locator("[data-download]")).to_contain_text(name)
    filters = lab.get_by_role("img", name="filters of the patch embedding")
    expect(filters).to_be_visible()
    cells = lab.locator("[data-confusion] td:not(:empty)").all_inner_texts()
    assert sum(map(int, cells)) == 360
    wrong = int(lab.locator("[data-mistakes-word]").inner_text().split()[0])
    expect(lab.locator("[data-mistakes] li")).to_have_count(min(24, wrong))
    right = lab.locator('[data-legend="right"] b').first
    expect(right).to_have_text(f"{100 * (1 - wrong / 360):.1f} %")
    lab.get_by_text("The curves as a table").click()
    table = lab.get_by_role("region", name="The curves as a table")
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first.locator("td")).to_have_count(6)
    expect(rows.first).to_contain_text("%")
    lab.get_by_role("button", name="A test digit").click()
    expect(lab.locator("[data-reading]")).to_contain_text("It reads")
    # What is around it, `test_every_page` shows to axe.
    assert violations_for_all(lab, tools, "[data-train], [data-part]") == []


def inks(page: Page) -> list[int]:
    """What the squares of the grid say of themselves."""
    told = page.get_by_role("gridcell").evaluate_all("all => all.map(o => o.ariaLabel)")
    return [int(re.findall(r"\d+", one)[2]) for one in told]


STROKE = """async () => {
  const { reduced } = await import("/assets/train/strokes.js");
  return [...reduced([[[0.1, 0.1], [0.1, 0.3]]])];
}"""


def test_strokes_become_an_image_and_the_grid_what_the_network_gets(lab: Page) -> None:
    """Shuffled, if it gets the pixels shuffled, and can be painted so."""
    pixels = torch.tensor(lab.evaluate(STROKE)).view(8, 8)
    assert torch.equal(pixels * 16, (pixels * 16).round())
    assert 0 == pixels.min() < pixels.max() <= 1
    # One upright stroke: in the middle, from top to bottom, whatever its size was.
    assert (pixels[:, 3:5].sum(dim=1) > 0).all()
    assert (pixels[:, [0, 1, 6, 7]] == 0).all()
    draw_a_zero(lab)
    drawn = inks(lab)
    assert sum(drawn) > 100
    begin(lab, "?net=default&beside=shuffled_pixels")
    press(lab, "paused")
    assert inks(lab) == drawn
    lab.get_by_role("radio", name="Shuffled pixels").check()
    order = VARIANTS["shuffled_pixels"].order
    shuffled = [drawn[pixel] for pixel in order]
    other = next(i for i in range(64) if shuffled[i] != drawn[i])
    square, ink = lab.get_by_role("gridcell").nth(other), shuffled[other]
    expect(square).to_have_attribute("aria-label", re.compile(f": {ink} of"))
    assert inks(lab) == shuffled
    empty = shuffled.index(0)
    lab.get_by_role("gridcell").nth(empty).click()
    shuffled[empty] = 8
    assert inks(lab) == shuffled
    lab.get_by_role("radio", name="The Mixer").check()
    lab.get_by_role("button", name="Reset").click()
    drawn[order[empty]] = 8
    assert inks(lab) == drawn


def test_all_is_done_by_keyboard(lab: Page) -> None:
    lab.locator("[name=net]").focus()
    lab.keyboard.type("Patches of 4")
    assert chosen(lab, "net") == ["patch_4"]
    for _ in range(3 + lab.locator("[data-expect] a").count() + 1):
        lab.keyboard.press("Tab")
    expect(main(lab)).to_be_focused()
    for state in ("running", "paused"):
        lab.keyboard.press("Enter")
        wait(lab, state)
    lab.get_by_role("gridcell").first.focus()
    for key in ("Space", "Space", "ArrowDown") * 8:
        lab.keyboard.press(key)
    assert inks(lab).count(16) in (7, 8)
    expect(lab.locator("[data-reading]")).to_contain_text("It reads a")


def test_the_page_answers_while_it_trains(browser: Browser, lab: Page) -> None:
    """No task is longer than the 100 ms within which a reader wants an answer."""
    begin(lab, "?net=default&beside=no_skip&epochs=100")
    expect(lab.locator("[data-status]")).to_contain_text("steps per second")
    lab.get_by_role("slider", name="Learning rate").focus()

    def act() -> None:
        for key in ["ArrowRight", "ArrowLeft"] * 10:
            lab.keyboard.press(key)
            lab.wait_for_timeout(75)

    assert longest_task(browser, lab, act) < 100
    expect(lab).to_have_url(re.compile(r"lr=.*@\d+"))
    wait(lab, "running")


def test_behind_another_tab_it_trains_on_and_shows_it_afterwards(lab: Page) -> None:
    begin(lab, "?net=patch_4&epochs=100")
    curve = lab.locator('[data-chart="loss"] .curve').last
    expect(curve).to_be_attached()
    lab.evaluate("seen = false")
    lab.evaluate("painted()")
    before, done = curve.get_attribute("d"), len(losses(lab))
    losses(lab, least=done + 6)
    assert curve.get_attribute("d") == before
    lab.evaluate("show()")
    expect(curve).not_to_have_attribute("d", str(before))


def instead(
    headers: Mapping[str, str] = {}, change: Callable[[bytes], bytes] = bytes
) -> Callable[[Route], None]:
    """A server that sends something else, or says something else of what it sends."""

    def answer(route: Route) -> None:
        there = route.fetch()
        told = {**there.headers, **headers}
        route.fulfill(response=there, headers=told, body=change(there.body()))

    return answer


def page_instead(route: Route) -> None:
    """A server that knows no such file, and answers that all is well."""
    route.fulfill(status=200, content_type="text/html", body="\n<!doctype html><p>No")


FAILING = b"async step() { throw new RangeError('Array buffer allocation failed'); }\n"
STARVED = instead(change=lambda js: js.replace(b"async step(", FAILING + b"async x("))
BINARY = instead({"content-type": "application/octet-stream"})
TEXT = instead({"content-type": "text/plain"})
NO_WASM = instead({"content-security-policy": "script-src 'self'"})
CUT = instead(change=lambda body: body[:100_000])
GLUE, GZIPPED = "ort-wasm-simd-threaded.js", "ort-wasm-simd-threaded.wasm.gz"
RUNTIME = "ort.wasm.min.js"
LOST = "could not be loaded"
ABSENT = ("manifest.json", "worker.js", GZIPPED, "default.step.onnx")
REFUSED: list[tuple[str, Callable[[Route], None], str, str]] = [
    *((file, lambda route: route.abort(), LOST, file) for file in ABSENT),
    (RUNTIME, BINARY, LOST, "it is application/octet-stream, not Java"),
    (GLUE, TEXT, LOST, "it is text/plain, not JavaScript"),
    (RUNTIME, lambda route: route.fulfill(status=404), LOST, "404"),
    (RUNTIME, page_instead, LOST, "it is text/html, not JavaScript"),
    ("manifest.json", page_instead, LOST, "manifest.json: the server sent a page"),
    ("default.probe.onnx", page_instead, LOST, "the server sent a page in its place"),
    ("digits.bin", page_instead, LOST, "digits.bin: the server sent a page"),
    (GZIPPED, CUT, LOST, f"{GZIPPED}: it is broken, or not whole"),
    ("worker.js", BINARY, LOST, "worker.js: the thread could not begin"),
    ("worker.js", NO_WASM, "forbid WebAssembly", "needs 'wasm-unsafe-eval'"),
    ("network.js", STARVED, "out of memory", "press Train again"),
]
MISSING = [
    ("Worker", "undefined", "in the background"),
    ("WebAssembly", "undefined", "WebAssembly"),
    ("WebAssembly", "{ validate: () => false }", "SIMD"),
    ("DecompressionStream", "undefined", "compressed"),
]


def test_what_is_in_the_way_is_said_and_it_can_be_tried_again(page: Page) -> None:
    """On one page, which trains as soon as nothing is in its way."""
    page.goto(TRAIN)
    alert, curves = page.get_by_role("alert"), page.locator("[data-curves]")
    for name, value, words in MISSING:
        page.evaluate(f"() => {{ window.kept = {name}; {name} = {value}; }}")
        main(page).click()
        expect(alert).to_contain_text(words)
        expect(alert).to_contain_text("recorded")
        expect(page.locator('[data-legend="loss"]')).to_contain_text("recorded")
        expect(page.locator('[data-chart="loss"] .curve')).to_have_count(1)
        expect(curves).to_be_visible()
        curves.evaluate("curves => { curves.hidden = true; }")
        page.evaluate(f"() => {{ {name} = kept; }}")
    for file, answer, *all_words in REFUSED:
        page.route(f"**/{MODULES}/**/{file}", answer)
        main(page).click()
        for words in all_words:
            expect(alert).to_contain_text(words)
        wait(page, "idle")
        page.unroute_all()
    press(page, "running")
    expect(alert).to_be_hidden()


def test_a_recorded_run_is_read_from_a_disk_and_without_javascript(
    browser: Browser, light: Path, plain: Page
) -> None:
    plain.goto(TRAIN)
    expect(plain.locator("[data-net]")).to_have_count(len(VARIANTS))
    with open_context(browser) as context:
        disk = context.new_page()
        disk.goto((light / TRAIN / "index.html").as_uri())
        said = {disk: "a server only", plain: "Training needs JavaScript"}
        for page, words in said.items():
            expect(page.get_by_text(words)).to_be_visible()
            expect(main(page)).to_be_hidden()
            expect(page.locator("[data-recorded] .curve").first).to_be_visible()
