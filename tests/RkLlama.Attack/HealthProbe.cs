using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RkLlama.Attack;

/// <summary>
/// Asks for <c>/health</c> every 20 ms on one kept connection, as a load balancer does; every tenth request is for <c>/ready</c> or <c>/metrics</c>. It has
/// its own thread with a high priority, so that other work of the runner does not count as latency.
/// </summary>
internal sealed class HealthProbe
{
    private const int IntervalMs = 20;
    private static readonly IPAddress Balancer = IPAddress.Parse("127.0.0.3");
    private static readonly string[] Paths = [.. Enumerable.Repeat("/health", 9), "/ready", .. Enumerable.Repeat("/health", 9), "/metrics"];

    private readonly IPEndPoint _server;
    private readonly Thread _thread;

    // The samples are read after the thread has ended.
    private readonly List<double> _samples = [];
    private volatile bool _isOver;
    private Socket? _socket;

    private HealthProbe(IPEndPoint server)
    {
        _server = server;
        _thread = new(Run) { IsBackground = true, Name = "health" };
    }

    /// <summary>The longest latency in milliseconds. A check without an answer has the time until the end.</summary>
    internal double WorstMs { get; private set; }

    internal double P99Ms { get; private set; }

    /// <summary>The number of answers with a wrong status.</summary>
    internal int Wrong { get; private set; }

    internal static HealthProbe Start(IPEndPoint server)
    {
        HealthProbe probe = new(server);
        probe._thread.Start();
        return probe;
    }

    /// <summary>Ends the probe. An open check is ended after this; its latency counts.</summary>
    internal void Stop()
    {
        _isOver = true;
        _thread.Join();
        _socket?.Dispose();

        // If a check takes longer than the interval, the checks that should have started meanwhile count with their waiting time.
        List<double> all = [];
        foreach (double sample in _samples)
        {
            for (double latency = sample; latency > 0; latency -= IntervalMs)
                all.Add(latency);
        }

        all.Sort();
        WorstMs = all.Count == 0 ? 0 : all[^1];
        P99Ms = all.Count == 0 ? 0 : all[Math.Min(all.Count - 1, (int)(all.Count * 0.99))];
    }

    private void Run()
    {
        RaisePriority();
        byte[] buffer = new byte[64 << 10];
        for (int i = 0; !_isOver; i++)
        {
            string path = Paths[i % Paths.Length];
            long start = Stopwatch.GetTimestamp();
            int status = 0;
            while (status == 0 && !_isOver)
                status = Ask(path, buffer);
            double latency = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            _samples.Add(latency);
            if (status is not (0 or 200) && (path, status) is not ("/ready", 503))
                Wrong++;
            if (latency < IntervalMs)
                Thread.Sleep(TimeSpan.FromMilliseconds(IntervalMs - latency));
        }
    }

    /// <returns>0 if the connection failed or the probe was ended.</returns>
    private int Ask(string path, byte[] buffer)
    {
        try
        {
            if (_socket is null)
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                _socket = socket;
                socket.Bind(new IPEndPoint(Balancer, 0));
                socket.Connect(_server);
            }

            _socket.Send(Encoding.Latin1.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            ResponseReader response = new();
            while (!response.IsComplete)
            {
                while (!_socket.Poll(100_000, SelectMode.SelectRead))
                {
                    if (_isOver)
                        return 0;
                }

                int count = _socket.Receive(buffer);
                if (count == 0)
                    throw new SocketException((int)SocketError.ConnectionReset);
                response.Add(buffer.AsSpan(0, count));
            }

            return response.Status;
        }
        catch (SocketException)
        {
            _socket?.Dispose();
            _socket = null;
            Thread.Sleep(5);
            return 0;
        }
    }

    /// <summary>.NET has no thread priorities on Linux, but Linux has a niceness per thread. Only root may lower it; others keep theirs.</summary>
    private static void RaisePriority()
    {
        if (new FileInfo("/proc/thread-self").LinkTarget is not { } thread)
            return;

        using Process? renice = Process.Start(new ProcessStartInfo("renice", ["-n", "-10", "-p", Path.GetFileName(thread)]) { RedirectStandardOutput = true, RedirectStandardError = true });
        renice?.WaitForExit();
    }
}
