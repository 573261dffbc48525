// node lighthouse.mjs TOOLS OPTIONS: what Lighthouse says of some pages, as JSON, a line
// for each. One Chromium has them all, each in a tab of its own. `settings` are its own:
// without any, it judges all but the speed; what moves is no matter of speed.
import { pathToFileURL } from "node:url";

const [tools, options] = process.argv.slice(2);
const { addresses, flags, path, settings } = JSON.parse(options);
const load = (file) => import(pathToFileURL(`${tools}/${file}`));
const { default: lighthouse } = await load("lighthouse/core/index.js");
const { launch } = await load("chrome-launcher/dist/index.js");

// What a page asks for late, `test_every_page` waits for.
const marks = {
  onlyCategories: ["accessibility", "best-practices", "seo"],
  onlyAudits: ["cumulative-layout-shift"],
  ...Object.fromEntries(
    [
      ...["pauseAfterFcpMs", "pauseAfterLoadMs"],
      ...["networkQuietThresholdMs", "cpuQuietThresholdMs"],
    ].map((pause) => [pause, 250]),
  ),
};
const chrome = await launch({ chromeFlags: flags, chromePath: path ?? undefined });
for (const address of addresses) {
  const result = await lighthouse(address, {
    port: chrome.port,
    disableFullPageScreenshot: true, // no category looks at it
    ...(settings ?? marks),
  });
  console.log(result.report.replaceAll("\n", ""));
}
await chrome.kill();
