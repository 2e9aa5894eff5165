using System.Globalization;
using System.Text.RegularExpressions;

namespace RkLlama.EndToEnd.Tests.Replay;

/// <summary>
/// Replaces values that differ between runs by placeholders: ids (numbered, so that equal ids get equal placeholders), times, durations, rates. A value
/// in an unexpected format is not replaced, so it fails the comparison.
/// </summary>
internal sealed partial class Normalizer(params (string Text, string Word)[] places)
{
    private readonly Dictionary<string, string> _ids = [];

    internal string Apply(string text)
    {
        foreach ((string place, string word) in places)
            text = text.Replace(place, word, StringComparison.Ordinal);
        text = Id.Replace(text, NumberOf);
        text = RequestId.Replace(text, "$1<request>");
        text = Seconds.Replace(text, "$1$2<seconds>");
        text = Time.Replace(text, "\"<time>\"");
        text = Duration.Replace(text, "$1<ns>");
        text = Rate.Replace(text, "$1<rate>");
        text = Milliseconds.Replace(text, "$1<ms>");
        text = Digest.Replace(text, "$1<sha256>");
        text = Size.Replace(text, "$1<bytes>");
        return Version.Replace(text, "$1<version>");
    }

    /// <summary>Replaces the placeholders of ids in a request by the ids that earlier responses had.</summary>
    internal string Restore(string text)
    {
        foreach ((string id, string name) in _ids)
            text = text.Replace(name, id, StringComparison.Ordinal);
        return text;
    }

    private string NumberOf(Match match)
    {
        if (!_ids.TryGetValue(match.Value, out string? name))
        {
            string kind = match.Groups[1].Value;
            int number = _ids.Values.Count(known => known.StartsWith($"<{kind}", StringComparison.Ordinal)) + 1;
            _ids[match.Value] = name = string.Create(CultureInfo.InvariantCulture, $"<{kind}{number}>");
        }

        return name;
    }

    [GeneratedRegex(@"\b(chatcmpl-|cmpl-|call_|req_|resp_|msg_|rs_|fc_|conv_|item_)[0-9a-z]{24,}\b")]
    private static partial Regex Id { get; }

    [GeneratedRegex("""("request_id":")[0-9A-Z]+:[0-9A-F]{8}(?=")""")]
    private static partial Regex RequestId { get; }

    [GeneratedRegex("""("(?:created|created_at|completed_at|started_at)":)[0-9]{10}(?=[,}])|("(?:uptime_seconds|expires_in_seconds)":)[0-9.]+""")]
    private static partial Regex Seconds { get; }

    [GeneratedRegex("""
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6,7}(Z|\+00:00)|Z)"
        """)]
    private static partial Regex Time { get; }

    [GeneratedRegex("""("[a-z_]+_duration":)[0-9]+""")]
    private static partial Regex Duration { get; }

    [GeneratedRegex("""("(?:queue|load|prompt|prompt_per_token|predicted|predicted_per_token)_ms":|\b(?:queue|load|prefill|decode|total);dur=)[0-9]+(?:\.[0-9]+)?""")]
    private static partial Regex Milliseconds { get; }

    [GeneratedRegex("""("(?:tokens|prompt|predicted)_per_second":)[0-9.]+""")]
    private static partial Regex Rate { get; }

    [GeneratedRegex("""("digest":"|layer sha256:)[0-9a-f]{64}(?=")""")]
    private static partial Regex Digest { get; }

    [GeneratedRegex("""("(?:size|size_vram|total_bytes|available_bytes|reserved_bytes|free_bytes|models_bytes|memory_bytes)":)[1-9][0-9]*""")]
    private static partial Regex Size { get; }

    [GeneratedRegex("""("rkllama-|"status":"ok","version":")[0-9]+\.[0-9]+\.[0-9]+""")]
    private static partial Regex Version { get; }
}
