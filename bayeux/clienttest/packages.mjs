// The npm packages under test live in web/node_modules.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const web = fileURLToPath(new URL('../../web/package.json', import.meta.url));
export const require = createRequire(web);

// load imports an ES module of web/node_modules.
export const load = (name) => import(pathToFileURL(require.resolve(name)).href);
