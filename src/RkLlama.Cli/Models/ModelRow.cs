using System.Globalization;
using System.Text.Json;

namespace RkLlama.Cli.Models;

/// <summary>A model in the response of <c>GET /api/tags</c> or <c>GET /api/ps</c>.</summary>
/// <param name="Name">The name with its tag.</param>
/// <param name="ExpiresAt">When the idle timer unloads the model; <see langword="null"/> in the response of <c>GET /api/tags</c>.</param>
internal sealed record ModelRow(string Name, string Digest, long Size, DateTimeOffset Modified, int? ContextLength, DateTimeOffset? ExpiresAt)
{
    private const string DefaultTag = ":latest";

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
        Time(model, "expires_at"));

    private static DateTimeOffset? Time(JsonElement model, string name) =>
        model.TryGetProperty(name, out JsonElement time) && DateTimeOffset.TryParse(time.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) ? at : null;
}
