#!/bin/sh
# Fetches ONNX Runtime's native library (CPU and WebGPU providers) out of its npm package into a cache, once.
# Usage: restore.sh TARGET-FILE. Prints one line; exit 0 when the file is there afterwards, 3 when it cannot be had.
# A GPU image replaces the file by ONNX Runtime's CUDA build of the same or a later version: no code changes.
set -eu
target=$1
package=onnxruntime-node@1.30.0
member=package/bin/napi-v6/linux/x64/libonnxruntime.so.1
sha256=ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23

matches() { [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$sha256" ]; }

matches "$target" && exit 0
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    echo "ONNX Runtime: no package for $(uname -s) $(uname -m); put libonnxruntime.so.1 at $target yourself"; exit 3
fi
if ! command -v npm >/dev/null 2>&1; then
    echo "ONNX Runtime: npm is not installed (apt-get install npm); ONNX models will be unavailable, managed ones work"; exit 3
fi
folder=$(dirname "$target"); mkdir -p "$folder"
work=$(mktemp -d "$folder/.fetch.XXXXXX"); trap 'rm -rf "$work"' EXIT
echo "ONNX Runtime: fetching $package (113 MB, once) …"
(cd "$work" && npm pack --silent "$package" >/dev/null 2>npm.log) || {
    echo "ONNX Runtime: npm pack $package failed: $(tail -n 1 "$work/npm.log")"; exit 3; }
tar -xzf "$work"/onnxruntime-node-*.tgz -C "$work" "$member"
matches "$work/$member" || { echo "ONNX Runtime: $package holds a library with another digest than $sha256; not used"; exit 3; }
mv -f "$work/$member" "$target"
