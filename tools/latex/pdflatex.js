// pdflatex where no TeX is installed: node pdflatex.js FILE.tex ...
// Writes FILE.pdf and FILE.log beside each; exits with 1 where TeX leaves no PDF or finds an error.
//
// The engine and the TeX files that it reads come from the npm package `texlive`, made for the
// workers of a browser: this stands in for the few things that such a worker is given.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const home = path.dirname(require.resolve("texlive/package.json"));
const engine = new vm.Script(fs.readFileSync(path.join(home, "pdftex-worker.js"), "utf8"));

/** Reads files beside the engine, where a worker would ask a server for them. */
class FileRequest {
  open(method, name) {
    this.method = method;
    this.file = path.join(home, name);
    this.status = fs.existsSync(this.file) ? 200 : 404;
  }
  overrideMimeType() {}
  getResponseHeader(name) {
    return name === "Content-length" ? fs.statSync(this.file).size : null;
  }
  send() {
    if (this.method === "GET" && this.status === 200) {
      const bytes = fs.readFileSync(this.file);
      this.response = this.responseType === "text" ? bytes.toString() : new Uint8Array(bytes).buffer;
    }
    this.onload?.();
  }
}

/** Returns what TeX says of a document, and the PDF as a binary string; undefined if there is none. */
function compiled(source) {
  const log = [];
  let answer;
  const worker = vm.createContext({
    XMLHttpRequest: FileRequest,
    location: { href: "" },
    crypto: { getRandomValues: (bytes) => bytes.fill(4) }, // the names of scratch files
    importScripts() {},
    setTimeout: (then) => then(),
    postMessage(text) {
      const { command, contents, result, message } = JSON.parse(text);
      if (command === "stdout" || command === "stderr") log.push(contents);
      if (command === "error") log.push(`! ${message}`);
      if (command === "result") answer = result;
    },
  });
  worker.self = worker;
  engine.runInContext(worker);
  const ask = (command, ...given) => {
    answer = undefined;
    worker.onmessage({ data: JSON.stringify({ command, arguments: given }) });
    return answer;
  };
  ask("set_TOTAL_MEMORY", 80 * 1024 * 1024);
  ask("FS_createLazyFilesFromList", "/", "texlive.lst", "./texlive", true, true);
  ask("FS_createDataFile", "/", "input.tex", source, true, true);
  ask("run", "-interaction=nonstopmode", "-halt-on-error", "-output-format", "pdf", "&latex", "input.tex");
  let pdf;
  try {
    pdf = ask("FS_readFile", "/input.pdf", { encoding: "binary" });
  } catch {
    log.push("! there is no PDF");
  }
  return { log: log.join("\n") + "\n", pdf };
}

for (const name of process.argv.slice(2)) {
  const stem = name.replace(/\.tex$/, "");
  const { log, pdf } = compiled(fs.readFileSync(name, "latin1"));
  fs.writeFileSync(`${stem}.log`, log);
  if (pdf) fs.writeFileSync(`${stem}.pdf`, pdf, "latin1");
  if (!pdf || /^!/m.test(log)) process.exitCode = 1;
}
