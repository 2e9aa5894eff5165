// A fetch for clients that shows what went over the wire.
export function recorder() {
  const exchanges = [];
  return {
    exchanges,
    async fetch(url, init) {
      const start = performance.now();
      const response = await fetch(url, init);

      // Errors are short; streams are the client's own.
      const body = response.status >= 400 ? await response.clone().json() : undefined;
      exchanges.push({
        start, end: performance.now(), status: response.status, headers: response.headers, body,
        request: new Headers(init?.headers), sent: init?.body ? JSON.parse(init.body) : undefined,
      });
      return response;
    },
  };
}
