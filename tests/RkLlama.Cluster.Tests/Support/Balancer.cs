using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Cluster.Tests.Support;

/// <summary>HAProxy or nginx in its own process, with the configuration of <c>deploy/</c>. Only addresses, ports and paths are changed.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    internal const string HAProxy = "haproxy";
    internal const string Nginx = "nginx";

    private readonly Process _process;
    private readonly string _folder;
    private readonly ConcurrentQueue<string> _log = new();

    private Balancer(Process process, string folder, int port, int statsPort)
    {
        _process = process;
        _folder = folder;
        Address = new($"http://127.0.0.1:{port}");
        Stats = new($"http://127.0.0.1:{statsPort}/metrics");
    }

    internal Uri Address { get; }

    /// <summary>The address of HAProxy's own metrics.</summary>
    internal Uri Stats { get; }

    internal string Log => string.Join('\n', _log);

    /// <param name="kind">haproxy or nginx.</param>
    /// <param name="nodes">The addresses that replace 10.10.88.73:8080 and the following ones.</param>
    /// <param name="agentPort">The port of the nodes for HAProxy's agent check; <see langword="null"/> to leave its line a comment.</param>
    /// <param name="edit">Makes other changes to the configuration.</param>
    internal static async Task<Balancer> StartAsync(string kind, IReadOnlyList<IPEndPoint> nodes, int? agentPort = null, Func<string, string>? edit = null)
    {
        string folder = Directory.CreateTempSubdirectory("rkllama-balancer-").FullName;
        int port = FreePort(IPAddress.Loopback), statsPort = FreePort(IPAddress.Loopback);
        string shipped = File.ReadAllText(Path.Combine(TestPaths.Root, "deploy", kind, kind == HAProxy ? "haproxy.cfg" : "rkllama.conf"));
        for (int i = 0; i < nodes.Count; i++)
            shipped = Replace(shipped, string.Create(CultureInfo.InvariantCulture, $"10.10.88.{73 + i}:8080"), nodes[i].ToString());
        if (agentPort is not null)
            shipped = Replace(Replace(shipped, "#default-server", "default-server"), "agent-port 8081 ", $"agent-port {agentPort} ");
        if (edit is not null)
            shipped = edit(shipped);
        ProcessStartInfo info = kind == HAProxy ? HAProxyOf(shipped, folder, port, statsPort) : NginxOf(shipped, folder, port);
        info.RedirectStandardOutput = info.RedirectStandardError = true;

        Balancer balancer = new(Process.Start(info)!, folder, port, statsPort);
        balancer._process.OutputDataReceived += (_, line) => balancer._log.Enqueue(line.Data ?? "");
        balancer._process.ErrorDataReceived += (_, line) => balancer._log.Enqueue(line.Data ?? "");
        balancer._process.BeginOutputReadLine();
        balancer._process.BeginErrorReadLine();
        try
        {
            await balancer.ListensAsync();
        }
        catch
        {
            await balancer.DisposeAsync();
            throw;
        }

        return balancer;
    }

    internal HttpClient NewClient() => NewClient(Address);

    /// <summary>Creates a client that closes the connection if an answer is not read to its end. By default, .NET reads the rest.</summary>
    /// <param name="keepsConnections">Whether the next request uses the same connection.</param>
    internal static HttpClient NewClient(Uri address, bool keepsConnections = true) => new(new SocketsHttpHandler
    {
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = keepsConnections ? Timeout.InfiniteTimeSpan : TimeSpan.Zero,
    })
    {
        BaseAddress = address,
        Timeout = TimeSpan.FromMinutes(2),
    };

    internal static int FreePort(IPAddress address)
    {
        using TcpListener listener = new(address, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static ProcessStartInfo HAProxyOf(string shipped, string folder, int port, int statsPort)
    {
        string file = Path.Combine(folder, "haproxy.cfg");
        shipped = Replace(shipped, "bind :8000", $"bind 127.0.0.1:{port}");
        shipped = Replace(shipped, "bind :8404", $"bind 127.0.0.1:{statsPort}");
        File.WriteAllText(file, Replace(shipped, "/run/haproxy/admin.sock", Path.Combine(folder, "admin.sock")));
        return new("haproxy", ["-db", "-f", file]);
    }

    private static ProcessStartInfo NginxOf(string shipped, string folder, int port)
    {
        File.WriteAllText(Path.Combine(folder, "rkllama.conf"), Replace(shipped, "listen 8000;", $"listen 127.0.0.1:{port};"));
        string file = Path.Combine(folder, "nginx.conf");

        // The main configuration, as in a distribution. The user is root, because only root can enter the directory.
        File.WriteAllText(file, $$"""
            daemon off;
            user root;
            worker_processes 2;
            pid {{folder}}/nginx.pid;
            error_log stderr warn;
            events { worker_connections 1024; }
            http {
                access_log off;
                client_body_temp_path {{folder}}/body;
                proxy_temp_path {{folder}}/proxy;
                fastcgi_temp_path {{folder}}/fastcgi;
                uwsgi_temp_path {{folder}}/uwsgi;
                scgi_temp_path {{folder}}/scgi;
                include {{folder}}/rkllama.conf;
            }
            """);
        return new("nginx", ["-e", "stderr", "-c", file]);
    }

    private static string Replace(string text, string old, string by) =>
        text.Contains(old, StringComparison.Ordinal) ? text.Replace(old, by) : throw new InvalidDataException($"'{old}' is not in the shipped file.");

    private async Task ListensAsync()
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (true)
        {
            if (_process.HasExited || watch.Elapsed > Node.Patience)
                throw new InvalidOperationException($"The balancer did not start:\n{Log}");
            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(IPAddress.Loopback, Address.Port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(10);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // SIGTERM stops both programs immediately, with their worker processes.
            Node.SignalTo("TERM", _process.Id);
            await _process.WaitForExitAsync().WaitAsync(Node.Patience);
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
