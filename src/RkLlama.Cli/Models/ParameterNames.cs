using System.Globalization;
using System.Text.Json;

namespace RkLlama.Cli.Models;

/// <summary>The parameters of Ollama's API, and their values as JSON.</summary>
internal static class ParameterNames
{
    /// <summary>All names. The node says which of them have no effect.</summary>
    internal static IReadOnlyList<string> All { get; } =
    [
        "num_ctx", "num_predict", "temperature", "top_k", "top_p", "min_p", "repeat_penalty", "repeat_last_n", "frequency_penalty", "presence_penalty", "mirostat", "mirostat_tau",
        "mirostat_eta", "seed", "stop",
    ];

    /// <summary>Converts the words after the name of a parameter to JSON: a list for <c>stop</c>, otherwise a number, true, false or a text.</summary>
    /// <returns><see langword="null"/> if a parameter other than <c>stop</c> does not have exactly one number.</returns>
    internal static JsonElement? ValueOf(string name, IReadOnlyList<string> words)
    {
        if (name == "stop")
            return words.Count == 0 ? null : JsonElement.Parse($"[{string.Join(',', words.Select(static word => $"\"{JsonEncodedText.Encode(word)}\""))}]");
        return words is [{ } word] && double.TryParse(word, NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? JsonElement.Parse(number.ToString("R", CultureInfo.InvariantCulture))
            : null;
    }
}
