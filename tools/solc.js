#!/usr/bin/env node
// The part of solc's command line that Ape and Forge use, on npm's wasm build of the same compiler:
// `--version`, and `--standard-json` from standard input. Every other option is ignored, since both tools
// send all sources inside the JSON.
"use strict";

const fs = require("fs");
const solc = require("solc");

const NATIVE_PLATFORM = "Linux.g++"; // What the tools expect in place of the name of the wasm build.

if (process.argv.includes("--version")) {
  const version = solc.version().replace("Emscripten.clang", NATIVE_PLATFORM);
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}`);
} else if (process.argv.includes("--standard-json")) {
  // Not process.exit(): it cuts a piped answer short.
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")) + "\n");
} else {
  console.error("solc.js: expected --version or --standard-json, got: " + process.argv.slice(2).join(" "));
  process.exitCode = 1;
}
