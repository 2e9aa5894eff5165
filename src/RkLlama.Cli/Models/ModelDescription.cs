using System.Text;
using System.Text.Json;
using RkLlama.Cli.Terminal;

namespace RkLlama.Cli.Models;

/// <summary>Formats the response of <c>POST /api/show</c> as Ollama does.</summary>
internal static class ModelDescription
{
    private const int ShownLines = 2;

    /// <summary>Returns one part of the response: license, modelfile, parameters, template or system. Empty if the model has none.</summary>
    internal static string Part(JsonElement reply, string name) => Text(reply, name)?.TrimEnd('\n') ?? "";

    /// <param name="verbose">Whether to add the metadata.</param>
    internal static string Format(JsonElement reply, bool verbose)
    {
        StringBuilder text = new();
        JsonElement details = reply.TryGetProperty("details", out JsonElement found) ? found : default;
        JsonElement info = reply.TryGetProperty("model_info", out JsonElement metadata) && metadata.ValueKind == JsonValueKind.Object ? metadata : default;
        (string Name, string? Value)[] properties =
        [
            ("architecture", Text(details, "family") ?? Text(info, "general.architecture")),
            ("parameters", Text(details, "parameter_size")),
            ("context length", Find(info, ".context_length")),
            ("embedding length", Find(info, ".embedding_length")),
            ("quantization", Text(details, "quantization_level")),
        ];
        Section(text, "Model", [.. properties.Where(static row => row.Value is not null).Select(static row => (string[])[row.Name, row.Value!])]);
        if (reply.TryGetProperty("capabilities", out JsonElement capabilities) && capabilities.ValueKind == JsonValueKind.Array)
            Section(text, "Capabilities", [.. capabilities.EnumerateArray().Select(static capability => (string[])[capability.ToString()])]);
        Section(text, "Parameters", [.. Lines(reply, "parameters").Select(static line => line.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))]);
        if (verbose && info.ValueKind == JsonValueKind.Object)
            Section(text, "Metadata", [.. info.EnumerateObject().Select(static field => (string[])[field.Name, field.Value.ToString()])]);
        Section(text, "System", Excerpt(reply, "system"));
        Section(text, "License", Excerpt(reply, "license"));
        return text.ToString();
    }

    private static void Section(StringBuilder text, string title, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        if (rows.Count > 0)
            text.Append("  ").Append(title).Append('\n').Append(Table.Format(null, rows, indent: 4)).Append('\n');
    }

    private static IReadOnlyList<IReadOnlyList<string>> Excerpt(JsonElement reply, string name)
    {
        string[] lines = Lines(reply, name);
        return [.. lines.Take(ShownLines).Concat(lines.Length > ShownLines ? ["..."] : []).Select(static line => (string[])[line])];
    }

    private static string[] Lines(JsonElement reply, string name) =>
        (Text(reply, name) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ToString() is { Length: > 0 } text ? text : null;

    private static string? Find(JsonElement info, string suffix) => info.ValueKind != JsonValueKind.Object
        ? null
        : info.EnumerateObject().Where(field => field.Name.EndsWith(suffix, StringComparison.Ordinal)).Select(static field => field.Value.ToString()).FirstOrDefault();
}
