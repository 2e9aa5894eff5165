using System.Globalization;
using System.Text.Json;

namespace RkLlama.Cli.Models;

/// <summary>A model in the response of <c>GET /api/tags</c> or <c>GET /api/ps</c>.</summary>
/// <param name="Name">The name with its tag.</param>
/// <param name="Size">Size of the model file; in the response of <c>GET /api/ps</c>: memory of the model. In bytes.</param>
/// <param name="ExpiresAt">When the idle timer unloads the model; <see langword="null"/> in the response of <c>GET /api/tags</c>.</param>
internal sealed record ModelRow(string Name, string Digest, long Size, DateTimeOffset Modified, int? ContextLength, DateTimeOffset? ExpiresAt)
{
    private const string DefaultTag = ":latest";

    /// <summary>The state of the model; empty if the server does not report it.</summary>
    internal string State { get; init; } = "";

    /// <summary>Number of workers of the model.</summary>
    internal int Slots { get; init; } = 1;

    /// <summary>The NPU domains of the model; empty if the server does not report them.</summary>
    internal IReadOnlyList<int> Domains { get; init; } = [];

    /// <summary>The name without the tag <c>latest</c>.</summary>
    internal string ShortName => Short(Name);

    /// <summary>The first 12 digits of the digest.</summary>
    internal string Id => Digest.StartsWith("sha256:", StringComparison.Ordinal) ? Digest[7..Math.Min(19, Digest.Length)] : Digest[..Math.Min(12, Digest.Length)];

    internal static string Short(string name) => name.EndsWith(DefaultTag, StringComparison.Ordinal) ? name[..^DefaultTag.Length] : name;

    /// <exception cref="CommandException">The response is not that of a node.</exception>
    internal static IReadOnlyList<ModelRow> ReadAll(JsonElement reply)
    {
        try
        {
            return [.. reply.GetProperty("models").EnumerateArray().Select(Read)];
        }
        catch (Exception ex) when (ex is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CommandException("the list of models is not that of an RkLlama node");
        }
    }

    private static ModelRow Read(JsonElement model) => new(
        model.GetProperty("name").GetString() ?? "",
        model.TryGetProperty("digest", out JsonElement digest) ? digest.GetString() ?? "" : "",
        model.TryGetProperty("size", out JsonElement size) ? size.GetInt64() : 0,
        Time(model, "modified_at") ?? DateTimeOffset.UnixEpoch,
        model.TryGetProperty("context_length", out JsonElement context) ? context.GetInt32() : null,
        Time(model, "expires_at"))
    {
        State = model.TryGetProperty("state", out JsonElement state) ? state.GetString() ?? "" : "",
        Slots = model.TryGetProperty("slots", out JsonElement slots) ? slots.GetInt32() : 1,
        Domains = model.TryGetProperty("npu_domains", out JsonElement domains) ? [.. domains.EnumerateArray().Select(static domain => domain.GetInt32())] : [],
    };

    private static DateTimeOffset? Time(JsonElement model, string name) =>
        model.TryGetProperty(name, out JsonElement time) && DateTimeOffset.TryParse(time.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) ? at : null;
}
