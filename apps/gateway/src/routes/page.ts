/** Serves the built page, and the headers that keep it a page of its own making. */

import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import helmet from '@fastify/helmet';
import staticFiles from '@fastify/static';
import { Denial } from '../errors.ts';
import type { Gateway } from '../gateway.ts';

/**
 * Nothing but the page's own files, nobody may frame it, and nothing in it runs that is not such a
 * file. Text from a socket that got into the page as markup could still do nothing.
 */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    fontSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

/** Vite puts a hash of the content into the names below assets/. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

/** `isSecureContext`: the browser trusts the origin, as it does plain HTTP on its own machine only. */
export async function registerHeaders(
  app: Gateway,
  { isSecureContext }: { isSecureContext: boolean },
): Promise<void> {
  await app.register(helmet, {
    // Elsewhere it ignores these, and complains to whoever looks at the console.
    crossOriginOpenerPolicy: isSecureContext,
    originAgentCluster: isSecureContext,
    contentSecurityPolicy,
    // What frame-ancestors says, for browsers that do not know it.
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // Plain HTTP on this machine: there is no HTTPS to insist on.
    strictTransportSecurity: false,
  });
}

/** `webRoot` is the folder of the built page. */
export async function registerPage(app: Gateway, { webRoot }: { webRoot: string }): Promise<void> {
  if (!existsSync(`${webRoot}/index.html`)) {
    app.get('/', { config: { anyone: true } }, () => {
      throw new Denial('notBuilt');
    });
    return;
  }
  await app.register(async (files: Gateway) => {
    // The plugin takes no config for its routes.
    files.addHook('onRoute', (route) => {
      route.config = { ...route.config, anyone: true };
    });
    await files.register(staticFiles, {
      root: webRoot,
      cacheControl: false,
      dotfiles: 'ignore',
      setHeaders: (reply, path) => {
        const hashed = path.includes('/assets/') && /-[\w-]{8,}\.\w+$/.test(basename(path));
        void reply.header('cache-control', hashed ? IMMUTABLE : 'no-cache');
      },
    });
  });
}
