// The state of an invented board at work, as a snapshot of the stream of events: a machine without an NPU has no such figures.

const clock = (name, hertz, max) => ({ name, hertz, max_hertz: max, governor: 'performance' });

// status: that of a real node. changes: fields that replace those of the board. 15 minutes with three bursts of requests.
export function board(status, changes = {}, { celsius = true, requests = [] } = {}) {
  const start = Date.now() - 15 * 60_000;
  const samples = Array.from({ length: 180 }, (_, index) => {
    const busy = index % 60 > 14;
    const wave = Math.sin(index / 3);
    return {
      time: new Date(start + index * 5000).toISOString(), load_percent: busy ? [46 + 3 * wave, 43 + 3 * Math.cos(index), 44 - 2 * wave] : [0, 0, 0], npu_hertz: 1e9, ddr_hertz: 2112e6,
      npu_celsius: celsius ? (busy ? 52 + wave : 44) : null, max_celsius: celsius ? (busy ? 55 + wave : 46) : null, available_bytes: 5.1e9, decode_tokens_per_second: busy ? 16.4 + 0.2 * wave : 0,
      time_to_first_token_ms: index % 12 === 0 && busy ? 380 + 40 * wave : null, running: busy ? 1 : 0, waiting: busy ? Math.max(0, Math.round(2 * wave)) : 0,
    };
  });
  const npu = {
    platform: 'rk3588', driver_version: '0.9.8', load_percent: [46, 43, 44], clocks: [clock('npu', 1e9, 1e9), clock('ddr', 2112e6, 2112e6)],
    temperatures: celsius ? [{ zone: 'npu-thermal', celsius: 52 }, { zone: 'soc-thermal', celsius: 55 }] : [], memory: status.npu.memory,
    missing: celsius ? [] : [{ reading: 'temperatures', reason: '/sys/class/thermal cannot be read' }],
  };
  const memory = { total_bytes: 8.1e9, available_bytes: 5.1e9, reserved_bytes: 4e8 };
  const rates = { decode_tokens_per_second: 16.5, prefill_tokens_per_second: 338, time_to_first_token_ms: 394 };
  return { status: { ...status, npu, memory, rates, uptime_seconds: 190_000, disk: { free_bytes: 41e9, total_bytes: 62e9 }, ...changes }, samples, requests, log: [] };
}

// Shows the board in a page that is reloaded after this.
export async function showBoard(page, node, ...options) {
  const status = await (await fetch(`${node.url}/node/status`)).json();
  const body = `event: snapshot\ndata: ${JSON.stringify(board(status, ...options))}\n\n`;
  await page.route('**/node/events', route => route.fulfill({ contentType: 'text/event-stream', body }));
}
