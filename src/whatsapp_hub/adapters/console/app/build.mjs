// Bundle the console into ../static: hashed files with .br and .gz beside them, the page, and a report of sizes.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../static");
const fresh = join(here, "../static/.fresh");
const BUDGET_KB = { login: 30, inbox: 110, css: 15, reference: 560 };
// The reference's bundle comes minified; at the highest quality it alone would take four seconds.
const BROTLI_QUALITY = (size) => (size > 500_000 ? 8 : 11);

// Every page is opened from the desk, and the desk from the page to sign in. Saying so to the bundler makes one file of all
// that the first needs, and one of all that the second adds, where it would make a file of each combination of pages.
const afterThese = {
  name: "after-these",
  setup(bundler) {
    const [first, desk] = [join(here, "main.tsx"), join(here, "ui/shell/Desk.tsx")];
    bundler.onLoad({ filter: /ui\/(pages\/\w+|shell\/Desk)\.tsx$/ }, ({ path }) => {
      const before = path === desk ? [first] : [first, desk];
      const imports = before.map((one) => `import ${JSON.stringify(one)};`).join("\n");
      return { contents: `${imports}\n${readFileSync(path, "utf8")}`, loader: "tsx" };
    });
  },
};

rmSync(fresh, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: {
    console: "main.tsx",
    style: "ui/style.css",
    reference: "reference/main.ts",
    "reference-style": "reference/style.css",
  },
  outdir: join(fresh, "assets"),
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  target: "es2023",
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".woff2": "file", ".svg": "file" },
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  publicPath: "/assets",
  metafile: true,
  legalComments: "linked",
  plugins: [afterThese],
  logLevel: "warning",
});

const outputs = Object.entries(metafile.outputs).map(([path, made]) => ({
  name: path.split("/").pop(),
  path,
  ...made,
}));
const entry = (point) => outputs.find((o) => o.entryPoint === point);
const needs = (output, seen = new Set()) => {
  if (output && !seen.has(output)) {
    seen.add(output);
    for (const i of output.imports)
      if (i.kind === "import-statement")
        needs(
          outputs.find((o) => o.path === i.path),
          seen,
        );
  }
  return seen;
};

const folder = join(fresh, "assets");
const swagger = join(here, "node_modules/swagger-ui-dist");
writeFileSync(
  join(folder, "swagger-ui-licences.txt"),
  ["NOTICE", "LICENSE", "swagger-ui-es-bundle.js.LICENSE.txt"]
    .map((n) => readFileSync(join(swagger, n), "utf8"))
    .join("\n\n"),
);
const mark = readFileSync(join(here, "ui/mark.svg"));
const icon = `mark-${createHash("sha256").update(mark).digest("hex").slice(0, 8)}.svg`;
writeFileSync(join(folder, icon), mark);
const zipped = new Map();
for (const name of readdirSync(folder)) {
  if (!/\.(js|css|svg|txt)$/.test(name)) continue;
  const content = readFileSync(join(folder, name));
  const gz = gzipSync(content, { level: 9 });
  zipped.set(name, gz.length);
  writeFileSync(join(folder, `${name}.gz`), gz);
  writeFileSync(
    join(folder, `${name}.br`),
    brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY(content.length) } }),
  );
}

const main = entry("main.tsx");
const font = outputs.find((o) => o.name.endsWith(".woff2") && o.name.includes("latin-wght"));
const links = [...needs(main)].slice(1).map((o) => `<link rel="modulepreload" href="/assets/${o.name}">`);
writeFileSync(
  join(fresh, "index.html"),
  `<!doctype html><html lang="pt-BR"><head><meta charset="utf-8"><title>whatsapp_hub</title>
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover,interactive-widget=resizes-content">
<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">
<link rel="icon" href="/assets/${icon}" type="image/svg+xml">
<link rel="preload" href="/assets/${font.name}" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="/assets/${entry("ui/style.css").name}">
<script type="module" src="/assets/${main.name}"></script>${links.join("")}</head>
<body><noscript>This page needs JavaScript.</noscript><div id="app"></div></body></html>
`,
);
// What a browser that is signed in fetches beside the page, before its first script has run.
const isFirst = needs(main);
const ahead = [...needs(entry("ui/shell/Desk.tsx"))].filter((o) => !isFirst.has(o));
writeFileSync(join(fresh, "ahead.txt"), ahead.map((o) => `</assets/${o.name}>; rel=modulepreload`).join(", "));

const reference = entry("reference/main.ts");
const referenceStyle = entry("reference/style.css");
writeFileSync(
  join(fresh, "reference.html"),
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>whatsapp_hub API</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex"><link rel="icon" href="/assets/${icon}" type="image/svg+xml">
<link rel="stylesheet" href="/assets/${referenceStyle.name}">
<script type="module" src="/assets/${reference.name}"></script></head>
<body><header class="top"><strong>whatsapp_hub API</strong><a href="/dashboard">Console</a>
<a href="/schema/plain">Without scripts</a><a href="/schema/openapi.json">openapi.json</a>
<p>Requests from this page are real. Where this browser is signed in to the console they are made in that person's name; a key
or token given under “Authorize” counts instead.</p></header>
<noscript><p>This page needs JavaScript: <a href="/schema/plain">the reference without scripts</a>.</p></noscript>
<div id="reference"></div></body></html>
`,
);

const kb = (list) => [...list].reduce((sum, o) => sum + (zipped.get(o.name) ?? 0), 0) / 1024;
const sizes = {
  login: kb(new Set([...needs(main), ...needs(entry("messages/pt-BR.ts"))])),
  inbox: kb(
    new Set(
      ["main.tsx", "messages/pt-BR.ts", "messages/pt-BR/behind.ts", "ui/shell/Desk.tsx"].flatMap((point) => [
        ...needs(entry(point)),
      ]),
    ),
  ),
  reference: kb(new Set([...needs(reference), referenceStyle])),
  css: (zipped.get(entry("ui/style.css").name) ?? 0) / 1024,
};
const over = Object.keys(sizes).filter((name) => sizes[name] > BUDGET_KB[name]);
console.log(
  Object.keys(sizes)
    .map((n) => `${n} ${sizes[n].toFixed(1)} of ${BUDGET_KB[n]} kB gz`)
    .join(", "),
);
if (over.length) {
  console.error(`over the size budget: ${over.join(", ")}`);
  process.exit(1);
}

// The page is replaced last: a hub that serves meanwhile has either the old one or the new one, with all its files.
mkdirSync(join(target, "assets"), { recursive: true });
const made = new Set(readdirSync(folder));
for (const name of made) renameSync(join(folder, name), join(target, "assets", name));
for (const page of ["reference.html", "ahead.txt", "index.html"]) renameSync(join(fresh, page), join(target, page));
for (const name of readdirSync(join(target, "assets"))) if (!made.has(name)) rmSync(join(target, "assets", name));
rmSync(fresh, { recursive: true, force: true });
