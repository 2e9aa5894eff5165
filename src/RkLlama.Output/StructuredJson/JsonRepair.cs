using System.Text.Json;
using RkLlama.Output.Text;
using RkLlama.Prompts;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Extracts JSON from a model's reply and repairs typical mistakes: text and Markdown fences around the JSON, single quotes, names without quotes,
/// comments, extra or missing commas, Python constants, line breaks and quotes inside strings, missing closing brackets, brackets that are too many, the forms of strings of <see cref="TolerantString"/>. Does not
/// guess values: if a value cannot be read, there is no result.
/// </summary>
internal static class JsonRepair
{
    /// <summary>The maximum number of opening brackets in the reply that are tried as the start of the JSON.</summary>
    internal const int MaxAttempts = 64;

    /// <summary>Returns the first object or array of the reply.</summary>
    /// <param name="cpu">The processor time of the repair. If it is used up, no further position is tried.</param>
    /// <returns>
    /// The reply, trimmed, if it is a valid JSON object or array. Otherwise the repaired JSON, minified. Null if the reply contains no object or array that
    /// can be repaired.
    /// </returns>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal static string? Repair(string reply, CpuBudget cpu)
    {
        string text = reply.Trim();
        if (IsJson(text))
            return text;

        // Text before the JSON may contain brackets too.
        int start = text.AsSpan().IndexOfAny('{', '[');
        for (int attempts = 0; start >= 0 && attempts < MaxAttempts && !cpu.IsExceeded(); attempts++, start = NextBracket(text, start))
        {
            TolerantJsonParser parser = new(text, start);
            if (parser.ParseValue() && IsJson(parser.Json))
                return parser.Json;
        }

        return null;
    }

    /// <summary>Returns the object or array that the text consists of, repaired if necessary. Extra closing brackets at its end are dropped.</summary>
    /// <returns>The text if it is valid JSON. Otherwise the repaired JSON, minified. Null if the text is anything else.</returns>
    internal static string? RepairWhole(string text) => IsJson(text) ? text : Mend(text);

    /// <summary>Parses the object or array that the text consists of, repaired if necessary. Null if the text is anything else.</summary>
    internal static JsonDocument? ParseWhole(string text) => TryParse(text) ?? (Mend(text) is { } mended ? TryParse(mended) : null);

    private static string? Mend(string text)
    {
        TolerantJsonParser parser = new(text, 0);
        bool isWhole = text.AsSpan().TrimStart() is ['{' or '[', ..]
            && parser.ParseValue()
            && !parser.IsCut
            && text.AsSpan(parser.Position).Trim(" \t\r\n}]").IsEmpty;
        return isWhole && IsJson(parser.Json) ? parser.Json : null;
    }

    /// <summary>Returns the value of any type that starts at a position of the text, as JSON; null if it cannot be read.</summary>
    /// <param name="end">The position after the value.</param>
    internal static string? RepairValueAt(string text, int start, out int end)
    {
        TolerantJsonParser parser = new(text, start);
        bool isValue = parser.ParseValue() && !parser.IsCut;
        end = parser.Position;
        return isValue ? parser.Json : null;
    }

    /// <summary>Returns the scalar value that the reply consists of, with or without a Markdown fence, as JSON; null if it is anything else.</summary>
    internal static string? RepairScalar(string reply)
    {
        string text = WithoutFence(reply);
        TolerantJsonParser parser = new(text, 0);
        return text is not ['{' or '[', ..] && parser.ParseValue() && !parser.IsCut && parser.Position == text.Length ? parser.Json : null;
    }

    /// <summary>Returns the text as a JSON string; null if it is empty, or contains half of a surrogate pair.</summary>
    internal static string? Quote(string text) => text.Length == 0 || TolerantJsonParser.HasLoneSurrogate(text) ? null : JsonText.Quote(text);

    /// <summary>Returns the text inside of a Markdown fence, or the text itself if it has none. Both are trimmed.</summary>
    internal static string WithoutFence(string reply)
    {
        string text = reply.Trim();
        int start = text.IndexOf('\n', StringComparison.Ordinal);
        string? fence = MarkdownFence.All.FirstOrDefault(fence => text.StartsWith(fence, StringComparison.Ordinal) && text.EndsWith(fence, StringComparison.Ordinal));
        return fence is not null && start > 0 ? text[start..^fence.Length].Trim() : text;
    }

    private static int NextBracket(string text, int start)
    {
        int next = text.AsSpan(start + 1).IndexOfAny('{', '[');
        return next < 0 ? -1 : start + 1 + next;
    }

    private static bool IsJson(string text)
    {
        using JsonDocument? document = TryParse(text);
        return document is not null;
    }

    /// <returns>Null if the text is not a valid JSON object or array.</returns>
    private static JsonDocument? TryParse(string text)
    {
        if (text.AsSpan().TrimStart() is not ['{' or '[', ..])
            return null;
        try
        {
            return JsonDocument.Parse(text, JsonLimits.Document);
        }
        catch (Exception ex) when (ex is JsonException or ArgumentException)
        {
            // Invalid JSON, or half of a surrogate pair.
            return null;
        }
    }
}
