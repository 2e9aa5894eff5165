using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;
using Xunit.Abstractions;

namespace RkLlama.EndToEnd.Tests;

/// <summary>
/// What nobody meant to send, by a generator with a seed: whatever comes, the client gets an answer or a closed connection, the server goes on,
/// and nobody learns anything about its inside. Case i of seed s is case 0 of seed s + i.
/// </summary>
public sealed partial class FuzzTests(ITestOutputHelper output)
{
    private const int MaxFailures = 10;

    // Who begins with HTTP/2 is told in HTTP/2 to go away.
    private const string GoAway = "\0\0\x08\x07";

    private const int LogLinesShown = 40;

    // Three times as long when it is escaped; a path of 8 KiB has an answer of HTTP's own.
    private const int LongestInPath = 2000;

    // How often the server is asked whether it is still the same one.
    private const int CasesPerLook = 10;

    // Uses everything that a request can bring, so that nothing of it goes unread.
    private const string Template = """
        {%- if tools %}<|im_start|>system
        {{ tools | tojson }}<|im_end|>
        {% endif %}
        {%- for message in messages %}<|im_start|>{{ message.role }}
        {{ message.content | trim }}{{ message.reasoning_content }}{{ message.name }}{{ message.tool_call_id }}
        {%- for call in message.tool_calls or [] %}
        {{ call.id }} {{ call.function.name | upper }}: {{ call.function.arguments | tojson }} {{ call | tojson(indent=2) }}
        {%- endfor %}<|im_end|>
        {% endfor %}
        {%- if add_generation_prompt %}<|im_start|>assistant
        {% if enable_thinking is defined and not enable_thinking %}{{ enable_thinking }}{% endif %}{% endif %}
        """;

    private static readonly string[] Endpoints = ["/", "/models", "/current_model", "/unload_model", "/health", "/ready", "/pull", "/rm", "/nothing", "/generate/", "/Generate", "/%2e%2e/generate",
         "/v1/models", "/v1/models/m", "/v1/models/%2F..%2f", "/api/tags", "/api/ps", "/api/version", "/api/show", "/api/pull", "/api/create", "/api/push", "/v1/nothing", "/api/nothing"];
    private static readonly string[] Generators = ["/generate", "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/api/chat", "/api/generate", "/api/embed", "/api/embeddings"];
    private static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    private static readonly string[] ContentTypes = ["application/json", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "multipart/form-data", "/", "\u007F"];

    // What came back, for the output: a generator that only ever meets the first check tests nothing.
    private readonly SortedDictionary<int, int> _statuses = [];

    private readonly int _count = Number("RKLLAMA_FUZZ_COUNT", 2000);
    private readonly int _seed = Number("RKLLAMA_FUZZ_SEED", 20_250_301);

    [Fact]
    public async Task Bytes_that_are_no_request_cost_their_connection_and_nothing_else()
    {
        await using Node node = await StartAsync();

        await RunAsync(node, _count, keepsModel: true, async random =>
        {
            WireCase wire = WireFuzzer.Any(random);
            string received = await RawConnection.ExchangeAsync(node.Address, wire.Pieces, wire.Farewell);
            return (wire.ToString(), Judge(received));
        });
    }

    [Fact]
    public async Task Bodies_that_are_nearly_right_are_answered_or_refused()
    {
        await using Node node = await StartAsync();

        await RunAsync(node, _count, keepsModel: true, async random =>
        {
            bool generates = random.Next(4) > 0;
            string method = generates ? "POST" : Methods[random.Next(Methods.Length)];
            string path = generates ? Generators[random.Next(Generators.Length)] : Endpoints[random.Next(Endpoints.Length)];
            return await SendAsync(node, random, method, path, JsonFuzzer.Generate(random));
        });
    }

    [Fact]
    public async Task No_name_of_a_model_leads_out_of_the_models_directory()
    {
        await using Node node = await StartAsync();
        PlantOutside(node);
        AddBare(node);

        await node.PostJsonAsync("/unload_model", "");
        await RunAsync(node, _count, keepsModel: false, async random =>
        {
            (string sent, string? wrong) = await SendAsync(node, random, "POST", "/load_model", JsonFuzzer.Load(random, $"\"{FuzzNames.Any(random)}\""));

            // Only a load of a free node looks at the name. Some names are right after all.
            if ((await node.GetJsonAsync("/current_model")) is { Status: HttpStatusCode.OK, Body: var current })
            {
                if (current.GetProperty("model").GetString() is not ("m" or "bare"))
                    wrong ??= $"loaded {current}";
                await node.PostJsonAsync("/unload_model", "");
            }

            return (sent, wrong);
        });

        string[] opened = [.. node.Trace("rkllm_init").Select(call => call.GetProperty("model_path").GetString()!).Distinct()];
        opened.Should().NotBeEmpty().And.OnlyContain(path => Path.GetFullPath(path).StartsWith(node.Models + "/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_name_reads_copies_or_deletes_what_is_beside_the_models()
    {
        await using Node node = await StartAsync();
        PlantOutside(node);
        AddBare(node);

        await RunAsync(node, _count, keepsModel: true, async random =>
        {
            string name = FuzzNames.Any(random);
            (string method, string path, string body) = random.Next(4) switch
            {
                0 => ("POST", "/api/copy", $$"""{"source":"{{(random.Next(2) == 0 ? "m" : name)}}","destination":"{{FuzzNames.Any(random)}}"}"""),
                1 => ("DELETE", "/api/delete", $$"""{"model":"{{name}}"}"""),
                2 => ("POST", "/api/show", $$"""{"model":"{{name}}"}"""),
                _ => ("GET", $"/v1/models/{Uri.EscapeDataString(name.Length > LongestInPath ? name[..LongestInPath] : name)}", ""),
            };
            (string sent, string? wrong) = await SendAsync(node, random, method, path, body);
            Restore(node);
            return (sent, wrong);
        }, changesModels: true);
    }

    /// <summary>A model and a directory of one in the places that a name might lead to.</summary>
    private static void PlantOutside(Node node)
    {
        foreach (string outside in (string[])[Path.GetDirectoryName(node.TracePath)!, Path.GetDirectoryName(node.Models)!])
        {
            File.CreateSymbolicLink(Path.Combine(outside, "outside.rkllm"), TestPaths.DemoModel);
            Directory.CreateDirectory(Path.Combine(outside, "outside"));
            File.WriteAllText(Path.Combine(outside, "outside", "Modelfile"), $"FROM=\"{TestPaths.DemoModel}\"\n");
        }
    }

    private static void AddBare(Node node)
    {
        node.AddModel("bare");
        File.Delete(Path.Combine(node.Models, "bare", "Modelfile"));
    }

    private static void AddModel(Node node)
    {
        node.AddModel("m", "FROM=\"demo.rkllm\"\nMAX_NEW_TOKENS=64\n");
        File.WriteAllText(Path.Combine(node.Models, "m", "chat_template.jinja"), Template);
    }

    /// <summary>Takes away what was copied and puts back what was deleted.</summary>
    private static void Restore(Node node)
    {
        foreach (DirectoryInfo copy in new DirectoryInfo(node.Models).EnumerateDirectories().Where(directory => directory.Name is not ("m" or "bare")))
            copy.Delete(recursive: true);
        if (!Directory.Exists(Path.Combine(node.Models, "m")))
            AddModel(node);
        if (!Directory.Exists(Path.Combine(node.Models, "bare")))
            AddBare(node);
    }

    private static async Task<Node> StartAsync()
    {
        Node node = await Node.StartAsync("1.2.3");
        AddModel(node);
        await LoadAsync(node);
        return node;
    }

    /// <param name="keepsModel">Whether a model that a case unloaded is loaded again.</param>
    /// <param name="run">One case: what was sent, and what is wrong with the answer, if anything.</param>
    /// <param name="changesModels">Whether a case may change what is in the models directory; it puts that right itself.</param>
    private async Task RunAsync(Node node, int count, bool keepsModel, Func<Random, Task<(string Sent, string? Wrong)>> run, bool changesModels = false)
    {
        output.WriteLine($"seed {_seed}, {count} cases");
        string[] before = Files(node, changesModels);
        List<string> failures = [];
        for (int i = 0; i < count && failures.Count < MaxFailures; i++)
        {
            int seed = unchecked(_seed + i);
            (string sent, string? wrong) = await run(new(Mixed(seed)));
            if (wrong is not null)
                failures.Add($"RKLLAMA_FUZZ_SEED={seed} RKLLAMA_FUZZ_COUNT=1: {wrong}\n{sent}");
            if (i % CasesPerLook == 0)
            {
                (await node.GetJsonAsync("/")).Status.Should().Be(HttpStatusCode.OK, "after {0}\n{1}", sent, node.Log);
                if (keepsModel && (await node.GetJsonAsync("/current_model")).Status == HttpStatusCode.NotFound)
                    await LoadAsync(node);
            }
        }

        output.WriteLine(string.Join(", ", _statuses.Select(status => $"{status.Value}× {status.Key}")));
        failures.Should().BeEmpty("the log has\n{0}", failures.Count == 0 ? "" : string.Join('\n', node.Log.Split('\n').TakeLast(LogLinesShown)));
        Files(node, changesModels).Should().Equal(before, "nothing is written");
        node.Log.Should().NotContain("Fault ").And.NotContain("   at ").And.NotContain("Unhandled").And.NotContain(" died: ");
        if ((await node.GetJsonAsync("/current_model")).Status == HttpStatusCode.NotFound)
            await LoadAsync(node);
        (await node.AskAsync("!echo still here")).Should().Be("still here");
        node.Workers().Should().ContainSingle();
    }

    /// <summary>Neighbouring seeds begin alike in <see cref="Random"/>; mixed ones do not.</summary>
    private static int Mixed(int seed)
    {
        uint mixed = unchecked((uint)seed * 0x9E3779B1);
        mixed = unchecked((mixed ^ (mixed >> 15)) * 0x85EBCA77);
        return (int)((mixed ^ (mixed >> 13)) & int.MaxValue);
    }

    private static async Task LoadAsync(Node node)
    {
        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/load_model", """{"model_name":"m"}""");
        status.Should().Be(HttpStatusCode.OK, "{0}\n{1}", body, node.Log);
    }

    private async Task<(string Sent, string? Wrong)> SendAsync(Node node, Random random, string method, string path, string body)
    {
        using HttpRequestMessage request = new(new(method), path) { Content = new ByteArrayContent(Encoding.Latin1.GetBytes(body)) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentTypes[random.Next(ContentTypes.Length)]);
        request.Headers.TransferEncodingChunked = random.Next(4) == 0;
        string sent = $"{method} {path} {(body.Length > 1500 ? $"{body[..1500]} … ({body.Length} bytes)" : body)}";
        using HttpResponseMessage response = await node.Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return (sent, Judge((int)response.StatusCode, text, response.Headers.RetryAfter is not null)
            ?? ((int)response.StatusCode >= 400 && method != "HEAD" && !IsError(text, path) ? $"{(int)response.StatusCode} without an error in JSON: '{text}'" : null));
    }

    private static bool IsError(string text, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement error = document.RootElement.GetProperty("error");
            return (path.StartsWith("/v1/", StringComparison.Ordinal) ? error.GetProperty("message") : error).GetString() is { Length: > 0 };
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Everything that came over one connection: no response, one, or several.</summary>
    private string? Judge(string received)
    {
        if (received.Length > 0 && !received.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && !received.StartsWith(GoAway, StringComparison.Ordinal))
            return $"no HTTP: {received}";

        foreach (Match status in StatusLine.Matches(received))
        {
            if (Judge(int.Parse(status.Groups[1].Value, CultureInfo.InvariantCulture), received, received.Contains("Retry-After:", StringComparison.OrdinalIgnoreCase)) is { } wrong)
                return wrong;
        }

        return null;
    }

    /// <summary>What is wrong with an answer to something that should not have been sent; no fault of the library is in play here.</summary>
    private string? Judge(int status, string text, bool hasRetryAfter)
    {
        _statuses[status] = _statuses.GetValueOrDefault(status) + 1;
        return Wrong(status, text, hasRetryAfter);
    }

    private static string? Wrong(int status, string text, bool hasRetryAfter) => status switch
    {
        _ when Inside.Match(text) is { Success: true } leak => $"{status} shows '{leak.Value}': {text}",
        501 => text.Contains("is not implemented", StringComparison.Ordinal) ? null : $"501: {text}",
        503 => hasRetryAfter ? null : $"503 without Retry-After: {text}",

        // HTTP's own word for a version that there is not.
        505 => null,
        >= 500 => $"{status}: {text}",
        _ => null,
    };

    /// <summary>Everything in the server's home but the trace, with its size.</summary>
    private static string[] Files(Node node, bool withoutModels) =>
    [
        .. new DirectoryInfo(Path.GetDirectoryName(node.TracePath)!).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Where(entry => entry.FullName != node.TracePath && !(withoutModels && entry.FullName.StartsWith(node.Models, StringComparison.Ordinal)))
            .Select(entry => $"{entry.FullName} {(entry as FileInfo)?.Length} {entry.LastWriteTimeUtc:O}").Order(StringComparer.Ordinal),
    ];

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : otherwise;

    [GeneratedRegex(@"^HTTP/1\.1 ([0-9]{3})", RegexOptions.Multiline)]
    private static partial Regex StatusLine { get; }

    [GeneratedRegex(@"   at |System\.|Microsoft\.|[A-Za-z]Exception|\.cs:line")]
    private static partial Regex Inside { get; }
}
