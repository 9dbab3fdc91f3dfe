// Run main.py of a staged folder on MicroPython's WebAssembly port.
// node wasm_run.mjs <micropython.mjs> <folder> <heap bytes>
// Prints what the script prints; an uncaught exception goes to stderr and exits 1.
import { readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [module, folder, heap] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(module).href);

// Written in blocks: a call for each line would cost more than the script.
let pending = [];
let pendingBytes = 0;
function flush() {
  const block = Buffer.concat(pending);
  pending = [];
  pendingBytes = 0;
  for (let at = 0; at < block.length; ) {
    try {
      at += writeSync(1, block, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}
function print(line) {
  const block = Buffer.from(line + "\n");
  pending.push(block);
  pendingBytes += block.length;
  if (pendingBytes > 65536) flush();
}

function stage(mp, from, to) {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = `${to}/${entry.name}`;
    if (entry.isDirectory()) {
      mp.FS.mkdir(target);
      stage(mp, source, target);
    } else {
      mp.FS.writeFile(target, readFileSync(source));
    }
  }
}

const mp = await loadMicroPython({ heapsize: Number(heap), stdout: print, linebuffer: true });
mp.FS.mkdir("/staged");
stage(mp, folder, "/staged");
let status = 0;
try {
  mp.runPython("import os, sys\nos.chdir('/staged')\nsys.path.insert(0, '/staged')\n");
  mp.runPython(readFileSync(join(folder, "main.py"), "utf8"));
} catch (error) {
  if (error.type !== "SystemExit") {
    status = 1;
    process.stderr.write(`${error.message ?? error}\n`);
  }
}
flush();
process.exit(status);
