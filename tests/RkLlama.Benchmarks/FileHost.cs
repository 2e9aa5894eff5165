using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace RkLlama.Benchmarks;

/// <summary>nginx on loopback, which answers as Hugging Face does: repositories with one large file in memory, each with its own rate. Stopped on disposal.</summary>
internal sealed class FileHost : IDisposable
{
    internal const long Size = 2_000_000_000;
    internal const string FileName = "large-w8a8-rk3588.rkllm";

    // Repositories. A host that ignores ranges makes the server use one connection.
    internal const string One = "bench/One", OneWithoutHash = "bench/OneWithoutHash", OneAtLineRate = "bench/OneAtLineRate", FourAtLineRate = "bench/FourAtLineRate", FourAtGigabit = "bench/FourAtGigabit";

    // Bytes per second and connection; 0 for no limit.
    private static readonly (string Repository, int Connections, long Rate)[] Repositories =
        [(One, 1, 0), (OneWithoutHash, 1, 0), (OneAtLineRate, 1, 312_500_000), (FourAtLineRate, 4, 312_500_000 / 4), (FourAtGigabit, 4, 118_000_000 / 4)];

    private readonly Process _nginx;

    private FileHost(Process nginx, string directory, Uri address) => (_nginx, Directory, Address) = (nginx, directory, address);

    /// <summary>A directory in memory, if the machine has one; for what is downloaded, too.</summary>
    internal string Directory { get; }

    internal string FilePath => Path.Combine(Directory, FileName);

    internal Uri Address { get; }

    internal static FileHost Start()
    {
        string directory = System.IO.Directory.CreateDirectory(Path.Combine(System.IO.Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"rkllama-bench-{Environment.ProcessId}")).FullName;
        string hash = WriteFile(Path.Combine(directory, FileName));
        int port = FreePort();
        File.WriteAllText(Path.Combine(directory, "nginx.conf"), $$"""
            daemon off; worker_processes 1; pid nginx.pid; error_log stderr error; events {}
            http {
                access_log off; sendfile on; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                server {
                    listen 127.0.0.1:{{port}};
                    {{string.Concat(Repositories.Select(one => LocationsOf(one.Repository, one.Connections, one.Rate, directory, hash)))}}
                }
            }
            """);
        string program = File.Exists("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx";
        Process nginx = Process.Start(program, ["-p", directory, "-c", Path.Combine(directory, "nginx.conf"), "-e", "stderr"]);
        WaitFor(port);
        return new(nginx, directory, new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/")));
    }

    public void Dispose()
    {
        // The worker of nginx ends with its master after SIGTERM only.
        using (Process kill = Process.Start("kill", [_nginx.Id.ToString(CultureInfo.InvariantCulture)]))
            kill.WaitForExit();
        _nginx.WaitForExit();
        _nginx.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private static string LocationsOf(string repository, int connections, long rate, string directory, string hash)
    {
        string commit = new('0', 40), ranges = connections == 1 ? "max_ranges 0;" : "";
        string promise = repository == OneWithoutHash ? "" : $$""","lfs":{"sha256":"{{hash}}"}""";
        string description = string.Create(CultureInfo.InvariantCulture, $$$"""
            {"id":"{{{repository}}}","sha":"{{{commit}}}","siblings":[{"rfilename":"{{{FileName}}}","size":{{{Size}}}{{{promise}}} }]}
            """);
        return string.Create(CultureInfo.InvariantCulture, $$"""
            location = /api/models/{{repository}} { default_type application/json; return 200 '{{description}}'; }
            location /{{repository}}/resolve/ {
                rewrite ^.*/([^/]+)$ /$1 break; root {{directory}}; limit_rate {{rate}}; {{ranges}}
                add_header X-Repo-Commit {{commit}}; add_header X-Linked-ETag '"{{hash}}"';
            }

            """);
    }

    /// <summary>Writes random bytes and returns their SHA-256.</summary>
    private static string WriteFile(string path)
    {
        byte[] block = new byte[10_000_000];
        new Random(1).NextBytes(block);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using FileStream file = File.Create(path);
        for (long written = 0; written < Size; written += block.Length)
        {
            BitConverter.TryWriteBytes(block, written);
            file.Write(block);
            hash.AppendData(block);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void WaitFor(int port)
    {
        for (int attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                using TcpClient client = new();
                client.Connect(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException)
            {
                Thread.Sleep(50);
            }
        }

        throw new InvalidOperationException("nginx does not answer.");
    }
}
