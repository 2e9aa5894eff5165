using System.Net;
using System.Text;

namespace RkLlama.Cli.Tests.Support;

/// <summary>A node on a loopback port that gives prepared answers: NDJSON of <c>/api/pull</c>, JSON of the other paths.</summary>
internal sealed class StandInNode : IDisposable
{
    private readonly HttpListener _listener;
    private readonly Dictionary<string, Queue<(int Status, string Body)>> _answers = [];
    private readonly List<string> _requests = [];

    internal StandInNode()
    {
        // HttpListener cannot choose a free port.
        for (int attempt = 0; ; attempt++)
        {
            Address = new($"http://127.0.0.1:{Random.Shared.Next(20_000, 60_000)}/");
            _listener = new(); // after a failed start it cannot be used again
            _listener.Prefixes.Add(Address.ToString());
            try
            {
                _listener.Start();
                break;
            }
            catch (HttpListenerException) when (attempt < 20)
            {
                // The port is in use.
            }
        }

        _ = RunAsync();
    }

    internal Uri Address { get; }

    /// <summary>The requests so far, each as method, path and body.</summary>
    internal IReadOnlyList<string> Requests => _requests;

    /// <summary>Adds the next answer of a path. The last one is repeated.</summary>
    internal StandInNode Answer(string path, string body, int status = 200)
    {
        if (!_answers.TryGetValue(path, out Queue<(int, string)>? answers))
            _answers[path] = answers = new();
        answers.Enqueue((status, body));
        return this;
    }

    public void Dispose() => _listener.Close();

    private async Task RunAsync()
    {
        while (true)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                string body = await new StreamReader(context.Request.InputStream).ReadToEndAsync(), path = context.Request.Url!.AbsolutePath;
                lock (_requests)
                    _requests.Add($"{context.Request.HttpMethod} {path} {body}".TrimEnd());
                (int status, string answer) = !_answers.TryGetValue(path, out Queue<(int, string)>? answers) ? (404, """{"error":"not found"}""") : answers.Count > 1 ? answers.Dequeue() : answers.Peek();
                context.Response.StatusCode = status;
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer));
                context.Response.Close();
            }
            catch (Exception ex) when (ex is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
