using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RkLlama.Cli.Terminal;

namespace RkLlama.Cli.Models;

/// <summary><c>rkllama status</c>: what the node does at the moment, from <c>GET /health</c>.</summary>
internal static class StatusCommand
{
    internal static Command Create(NodeArguments node)
    {
        Option<bool> json = JsonOption.Create();
        return CommandAction.Create("status", "Show the state of the node: its model, its queue and its last failure.", node, [json], async (result, client, cancellationToken) =>
        {
            JsonElement health = await client.GetAsync("/health", cancellationToken).ConfigureAwait(false);
            Console.Write(result.GetValue(json) ? health.GetRawText() + "\n" : Format(client.Address, health));
            return 0;
        });
    }

    /// <summary>Formats the response of <c>GET /health</c>: one line for each value. Parts that this version does not know are printed as they are.</summary>
    internal static string Format(Uri address, JsonElement health)
    {
        List<string[]> rows = [["node", address.ToString().TrimEnd('/')]];
        foreach (JsonProperty field in health.ValueKind == JsonValueKind.Object ? health.EnumerateObject() : default)
        {
            if (field.Name != "status" && Describe(field) is { Length: > 0 } value)
                rows.Add([field.Name.Replace("_seconds", "", StringComparison.Ordinal).Replace('_', ' '), value]);
        }

        return string.Concat(Table.Format(null, rows).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.TrimEnd() + "\n"));
    }

    private static string Describe(JsonProperty field) => field.Value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.Number when field.Name.EndsWith("_seconds", StringComparison.Ordinal) && field.Value.TryGetDouble(out double seconds) => Words.Left(TimeSpan.FromSeconds(seconds)),
        JsonValueKind.Object => Parts(field.Value),
        JsonValueKind.Array => string.Join("; ", field.Value.EnumerateArray().Select(static item => item.ValueKind == JsonValueKind.Object ? Parts(item) : item.ToString())),
        _ => field.Value.ToString(),
    };

    private static string Parts(JsonElement item) => string.Join(", ", item.EnumerateObject().Select(Part).Where(static part => part.Length > 0));

    private static string Part(JsonProperty part)
    {
        string name = part.Name.Replace("_seconds", "", StringComparison.Ordinal).Replace("_bytes", "", StringComparison.Ordinal).Replace('_', ' ');
        return part.Value.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.False => "",
            JsonValueKind.True => name,
            JsonValueKind.String when part.Name == "name" => part.Value.GetString()!,
            JsonValueKind.Number when part.Name.EndsWith("_bytes", StringComparison.Ordinal) && part.Value.TryGetInt64(out long bytes) => $"{Words.Size(bytes)} {name}",
            JsonValueKind.Number when part.Name.EndsWith("_seconds", StringComparison.Ordinal) => $"{name} {Words.Left(TimeSpan.FromSeconds(part.Value.GetDouble()))}",
            JsonValueKind.Number => string.Create(CultureInfo.InvariantCulture, $"{part.Value.GetDouble():0.##} {name}"),
            _ => $"{name} {part.Value}",
        };
    }
}
