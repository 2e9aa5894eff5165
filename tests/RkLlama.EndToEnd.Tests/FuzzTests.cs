using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;
using Xunit.Abstractions;

namespace RkLlama.EndToEnd.Tests;

/// <summary>
/// Sends invalid input from seeded generators. For each input, the client gets a response or a closed connection, the server keeps running, and
/// no response reveals internals such as stack traces. Case i of seed s equals case 0 of seed s + i.
/// </summary>
public sealed partial class FuzzTests(ITestOutputHelper output)
{
    private const int MaxFailures = 10;

    // The server answers an HTTP/2 preface with an HTTP/2 GOAWAY frame.
    private const string GoAway = "\0\0\x08\x07";

    private const int LogLinesShown = 40;

    // Escaping makes a name three times as long. Kestrel itself refuses paths of 8 KiB.
    private const int LongestInPath = 2000;

    // Number of cases between two checks that the server still answers.
    private const int CasesPerLook = 10;

    // Uses all values that a request can contain, so that rendering reads all of them.
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

    private static readonly string[] Endpoints = ["/", "/models", "/current_model", "/unload_model", "/health", "/ready", "/pull", "/nothing", "/generate/", "/Generate", "/%2e%2e/generate",
         "/v1/models", "/v1/models/nobody", "/v1/models/%2F..%2f", "/api/tags", "/api/ps", "/api/version", "/api/show", "/api/pull", "/api/create", "/api/push", "/v1/nothing", "/api/nothing"];
    private static readonly string[] Generators = ["/generate", "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/messages/count_tokens", "/api/chat", "/api/generate", "/api/embed", "/api/embeddings",
        "/tokenize", "/detokenize", "/apply-template", "/infill"];

    // Errors of these paths are objects, as below /v1.
    private static readonly string[] Nested = ["/tokenize", "/detokenize", "/apply-template", "/infill"];
    private static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    private static readonly string[] ContentTypes = ["application/json", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "multipart/form-data", "/", "\u007F"];

    // Counts of the received statuses, for the output. They show whether the generated input gets past the first checks.
    private readonly SortedDictionary<int, int> _statuses = [];

    private readonly int _count = Number("RKLLAMA_FUZZ_COUNT", 2000);
    private readonly int _seed = Number("RKLLAMA_FUZZ_SEED", 20_250_301);

    [Fact]
    public async Task Bytes_that_are_not_HTTP_affect_only_their_connection()
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
    public async Task Almost_valid_bodies_are_answered_or_refused()
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
    public async Task No_model_name_loads_a_file_outside_the_models_directory()
    {
        await using Node node = await StartAsync();
        PlantOutside(node);
        AddBare(node);

        await node.PostJsonAsync("/unload_model", "");
        await RunAsync(node, _count, keepsModel: false, async random =>
        {
            (string sent, string? wrong) = await SendAsync(node, random, "POST", "/load_model", JsonFuzzer.Load(random, $"\"{FuzzNames.Any(random)}\""));

            // Only a load on a node without a model reads the name. Some generated names are valid.
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
    public async Task No_model_name_reads_copies_or_deletes_files_outside_the_models_directory()
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

    /// <summary>Puts a model file and a model directory into the directories that a path traversal could reach.</summary>
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

    /// <summary>Deletes copied models and restores deleted ones.</summary>
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

    /// <param name="keepsModel">Whether the model is loaded again after a case has unloaded it.</param>
    /// <param name="run">Runs one case. Returns the input, and the problem of the response or null.</param>
    /// <param name="changesModels">Whether a case may change the models directory. The case must restore it.</param>
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
        Files(node, changesModels).Should().Equal(before, "no file may change");
        node.Log.Should().NotContain("Fault ").And.NotContain("   at ").And.NotContain("Unhandled").And.NotContain(" died: ");
        if ((await node.GetJsonAsync("/current_model")).Status == HttpStatusCode.NotFound)
            await LoadAsync(node);
        (await node.AskAsync("!echo still here")).Should().Be("still here");
        node.Workers().Should().ContainSingle();
    }

    /// <summary>Mixes the bits of a seed, because <see cref="Random"/> starts similarly for adjacent seeds.</summary>
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
            return (path.StartsWith("/v1/", StringComparison.Ordinal) || Nested.Contains(path) ? error.GetProperty("message") : error).GetString() is { Length: > 0 };
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Returns the problem of the data received on one connection (no response, one or several), or null.</summary>
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

    /// <summary>Returns the problem of one response, or null. The library has no fault here, so statuses from 500 on are problems.</summary>
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

        // HTTP version not supported.
        505 => null,
        >= 500 => $"{status}: {text}",
        _ => null,
    };

    /// <summary>Returns all files in the server's home except the trace, with size and time.</summary>
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
