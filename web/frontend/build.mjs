// The bundle: `npm ci --ignore-scripts && npm run build` writes ../static/assets, byte for byte the
// same everywhere. Names carry a hash of the content; the manifest tells the server the names and
// what the bytes must hash to; the licence texts of everything that came in lie beside.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build } from "esbuild";

const out = process.env.ENGINE_ASSETS ?? "../static/assets";
// one script a kind of page, one style sheet for all
const entries = ["base.js", "editor.js", "chart.js", "live.js", "base.css"];

// not in the package of lightweight-charts, and its licence asks for it where people see it
const notices = [
  "TradingView Lightweight Charts(TM)\nCopyright (c) 2025 TradingView, Inc. https://www.tradingview.com/\n",
];

// packages that name the MIT licence and bring no text of it, with whose they are
const bare = { "fancy-canvas": "Copyright (c) TradingView, Inc." };

const packageOf = (path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1];

function licenceOf(name) {
  const folder = `node_modules/${name}`;
  const told = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE"]
    .map((one) => `${folder}/${one}`)
    .find(existsSync);
  const head = `=== ${name} ${told.version} (${told.license})\n\n`;
  if (file) return `${head}${readFileSync(file, "utf8").trim()}\n`;
  if (told.license !== "MIT" || !bare[name]) throw new Error(`${name} brings no licence text`);
  // the words of the licence, as another package brings them
  const mit = readFileSync("node_modules/@codemirror/state/LICENSE", "utf8");
  return `${head}${mit.replace(/^Copyright.*$/m, bare[name]).trim()}\n`;
}

function entryOf(file, bytes) {
  const hash = createHash("sha384").update(bytes).digest("base64");
  return { file: basename(file), bytes: bytes.length, integrity: `sha384-${hash}` };
}

const made = await build({
  entryPoints: entries.map((name) => ({ in: `src/${name}`, out: name.replace(/\.\w+$/, "") })),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  write: false,
  outdir: out,
  entryNames: "[name]-[hash]",
  logLevel: "warning",
});

const files = new Map(made.outputFiles.map((file) => [basename(file.path), file.contents]));
const manifest = {};
for (const [file, told] of Object.entries(made.metafile.outputs)) {
  const entry = told.entryPoint?.replace(/^src\//, "");
  if (entry) manifest[entry] = entryOf(file, files.get(basename(file)));
}
const sorted = Object.fromEntries(Object.keys(manifest).sort().map((name) => [name, manifest[name]]));
const packages = new Set(Object.keys(made.metafile.inputs).map(packageOf).filter(Boolean));
const licences = [...notices, ...[...packages].sort().map(licenceOf)];
files.set("THIRD_PARTY_LICENSES.txt", licences.join("\n"));
files.set("manifest.json", `${JSON.stringify(sorted, null, 2)}\n`);

// what is new comes first and the manifest last of it, so that a page in use never misses a file
mkdirSync(out, { recursive: true });
for (const [name, content] of files) writeFileSync(`${out}/${name}`, content);
for (const name of readdirSync(out)) if (!files.has(name)) rmSync(`${out}/${name}`);
for (const [name, { bytes }] of Object.entries(sorted)) console.log(name, bytes);
