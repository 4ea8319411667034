/** Opens a WebSocket on the server that the page came from. */

/** A path with its query → a WebSocket; a test gives its own. */
export type OpenSocket = (path: string) => WebSocket;

export const openSocket: OpenSocket = (path) => {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return new WebSocket(url);
};
