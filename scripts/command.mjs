/**
 * `node scripts/command.mjs <name> …`: runs scripts/<name>.mjs, if this Node is new enough. Written so
 * that old ones understand it, too: nobody meets a syntax error instead of one plain line.
 */

const needed = { major: 20, minor: 19 };
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < needed.major || (major === needed.major && minor < needed.minor)) {
  console.error(
    `Sockscope needs Node.js ${needed.major}.${needed.minor} or newer; this is ${process.versions.node} (${process.execPath}). ` +
      'Install a newer one from https://nodejs.org and run the command again.',
  );
  process.exit(1);
}

const [name] = process.argv.splice(2, 1);
void import(`./${name}.mjs`);
