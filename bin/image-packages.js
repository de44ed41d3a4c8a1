/**
 * For the image: leaves only these development packages in package.json and in the lock file beside it, and takes out
 * Node, which is an optional package for machines with an older one. `node image-packages.js [NAME...]`
 */
import { readFileSync, writeFileSync } from 'node:fs'

const kept = process.argv.slice(2)
const isNode = (name) => /(^|\/)node-linux-/.test(name)

for (const file of ['package.json', 'package-lock.json']) {
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  const { packages = {} } = manifest
  for (const path of Object.keys(packages)) if (isNode(path)) delete packages[path]
  for (const { devDependencies = {}, optionalDependencies = {} } of [manifest, packages[''] ?? {}]) {
    for (const name of Object.keys(devDependencies)) if (!kept.includes(name)) delete devDependencies[name]
    for (const name of Object.keys(optionalDependencies)) if (isNode(name)) delete optionalDependencies[name]
  }
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`)
}
