using System.Globalization;
using System.Text.Json;
using RkLlama.Cli.Terminal;

namespace RkLlama.Cli.Models;

/// <summary>The tables of <c>rkllama list</c> and <c>rkllama ps</c>.</summary>
internal static class ModelTables
{
    // The expiry time of a model without an idle timer is hundreds of years ahead.
    private static readonly TimeSpan Forever = TimeSpan.FromDays(20 * 365);

    internal static string List(IEnumerable<ModelRow> models, DateTimeOffset now) => Table.Format(
        ["NAME", "ID", "SIZE", "MODIFIED"],
        [.. models.Select(model => (string[])[model.Name, model.Id, Words.Size(model.Size), Words.Relative(model.Modified, now)])]);

    internal static string Running(IEnumerable<ModelRow> models, DateTimeOffset now) => Table.Format(
        ["NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "STATE", "SLOTS", "DOMAINS", "UNTIL"],
        [.. models.Select(model => (string[])
        [
            model.Name,
            model.Id,
            Words.Size(model.Size),
            "100% NPU",
            model.ContextLength?.ToString(CultureInfo.InvariantCulture) ?? "",
            model.State,
            model.Slots.ToString(CultureInfo.InvariantCulture),
            string.Join(',', model.Domains),
            Until(model.ExpiresAt, now),
        ])]);

    /// <summary>Returns one line about the memory of the node; <see langword="null"/> if the node does not report it.</summary>
    internal static string? Memory(JsonElement reply)
    {
        if (!reply.TryGetProperty("memory", out JsonElement memory) || memory.ValueKind != JsonValueKind.Object)
            return null;
        return $"Memory: {Size("total_bytes")}, models {Size("models_bytes")}, free for models {Size("free_bytes")}, reserved {Size("reserved_bytes")}. "
            + $"NPU domains: {(memory.TryGetProperty("free_npu_domains", out JsonElement domains) ? domains.GetInt32() : 0)} free";

        string Size(string name) => Words.Size(memory.TryGetProperty(name, out JsonElement bytes) ? bytes.GetInt64() : 0);
    }

    internal static IEnumerable<ModelRow> WithPrefix(IReadOnlyList<ModelRow> models, string? prefix) => models.Where(model => HasPrefix(model.Name, prefix));

    /// <summary>Returns the response of the node with the models whose names begin with the prefix.</summary>
    /// <exception cref="CommandException">The response is not that of a node.</exception>
    internal static string Json(JsonElement reply, string? prefix)
    {
        if (prefix is null)
            return reply.GetRawText();
        IReadOnlyList<ModelRow> rows = ModelRow.ReadAll(reply);
        string models = string.Join(',', reply.GetProperty("models").EnumerateArray().Where((_, index) => HasPrefix(rows[index].Name, prefix)).Select(static model => model.GetRawText()));
        string others = string.Concat(reply.EnumerateObject().Where(static field => field.Name != "models").Select(static field => $",\"{field.Name}\":{field.Value.GetRawText()}"));
        return $"{{\"models\":[{models}]{others}}}";
    }

    private static bool HasPrefix(string name, string? prefix) => prefix is null || name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);

    private static string Until(DateTimeOffset? expires, DateTimeOffset now) => expires switch
    {
        null => "",
        { } time when time - now > Forever => "Forever",
        { } time when time <= now => "Stopping...",
        { } time => Words.Relative(time, now),
    };
}
