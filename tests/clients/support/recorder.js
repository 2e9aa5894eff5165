// A fetch for clients that records requests and responses.
export function recorder() {
  const exchanges = [];
  return {
    exchanges,
    async fetch(url, init) {
      const start = performance.now();
      const response = await fetch(url, init);

      // Only error bodies are read. They are short, while a stream belongs to the client.
      const body = response.status >= 400 ? await response.clone().json() : undefined;
      exchanges.push({
        start, end: performance.now(), status: response.status, headers: response.headers, body,
        request: new Headers(init?.headers), sent: init?.body ? JSON.parse(init.body) : undefined,
      });
      return response;
    },
  };
}
