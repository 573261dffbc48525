// node lighthouse.mjs TOOLS OPTIONS: what Lighthouse says of some pages, as JSON, a line
// for each. One Chromium has them all, each in a tab of its own.
import { pathToFileURL } from "node:url";

const [tools, options] = process.argv.slice(2);
const { addresses, flags, path } = JSON.parse(options);
const load = (file) => import(pathToFileURL(`${tools}/${file}`));
const { default: lighthouse } = await load("lighthouse/core/index.js");
const { launch } = await load("chrome-launcher/dist/index.js");

const chrome = await launch({ chromeFlags: flags, chromePath: path ?? undefined });
for (const address of addresses) {
  const result = await lighthouse(address, {
    port: chrome.port,
    output: "json",
    onlyCategories: ["accessibility", "best-practices", "seo"],
    disableFullPageScreenshot: true, // none of the three looks at it
    // It measures no speed. What a page asks for late, `test_every_page` waits for.
    ...Object.fromEntries(
      [
        ...["pauseAfterFcpMs", "pauseAfterLoadMs"],
        ...["networkQuietThresholdMs", "cpuQuietThresholdMs"],
      ].map((pause) => [pause, 250]),
    ),
  });
  console.log(result.report.replaceAll("\n", ""));
}
await chrome.kill();
