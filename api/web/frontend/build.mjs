// Builds what the pages take from npm into ../static/vendor. Nothing here runs in the service.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as esbuild from "esbuild";
import * as sass from "sass";

const out = "../static/vendor";
const npm = (path) => `node_modules/${path}`;
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const { css } = sass.compile("custos.scss", { style: "compressed", quietDeps: true, loadPaths: ["."] });
writeFileSync(`${out}/custos.css`, css + "\n");
const bare = (from, to) =>
  writeFileSync(`${out}/${to}`, readFileSync(npm(from), "utf8").replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"));
bare("govuk-frontend/dist/govuk/govuk-frontend.min.js", "govuk-frontend.min.js");
bare("tus-js-client/dist/tus.min.js", "tus.min.js");
await esbuild.build({
  entryPoints: ["sha256.entry.js"], bundle: true, minify: true, format: "esm",
  target: "es2020", outfile: `${out}/sha256.js`, legalComments: "inline",
});

// Its script as a module, and its styles without the pictures of controls that we do not use.
await esbuild.build({
  entryPoints: [npm("leaflet/dist/leaflet-src.esm.js")], bundle: true, minify: true, format: "esm",
  target: "es2020", outfile: `${out}/leaflet.js`, legalComments: "inline",
});
const withPictures = /[^{}]*\{[^{}]*url\([^{}]*\}/g;
const plain = readFileSync(npm("leaflet/dist/leaflet.css"), "utf8").replace(/\/\*[^]*?\*\//g, "").replace(withPictures, "");
writeFileSync(`${out}/leaflet.css`, (await esbuild.transform(plain, { loader: "css", minify: true })).code);

const version = (name) => JSON.parse(readFileSync(npm(`${name}/package.json`))).version;
const licence = (name, file) => `# ${name} ${version(name)}\n\n${readFileSync(npm(`${name}/${file}`))}\n`;
writeFileSync(`${out}/LICENCES.txt`, [
  // Its package carries no licence file; its package.json says MIT.
  `# govuk-frontend ${version("govuk-frontend")}\n\nMIT. Copyright (c) Crown Copyright (Government Digital Service)\n`,
  licence("tus-js-client", "LICENSE"), licence("@noble/hashes", "LICENSE"), licence("leaflet", "LICENSE"),
].join("\n"));
const sums = readdirSync(out).sort().map((name) => {
  const data = readFileSync(`${out}/${name}`);
  return `${createHash("sha256").update(data).digest("hex")}  ${name}\n`;
});
writeFileSync(`${out}/SHA256SUMS`, sums.join(""));
