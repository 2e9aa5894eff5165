using System.Globalization;
using System.Text;
using System.Text.Json;
using RkLlama.Cli.Terminal;

namespace RkLlama.Cli.Chat;

/// <summary>Formats the statistics of an answer as <c>ollama run --verbose</c> does.</summary>
internal static class Statistics
{
    private const int NameWidth = 22;

    /// <param name="last">The last line of the answer. Durations are in nanoseconds.</param>
    internal static string Format(JsonElement last)
    {
        StringBuilder text = new();
        Duration("total duration", Number(last, "total_duration"));
        Duration("load duration", Number(last, "load_duration"));
        Phase("prompt eval", Number(last, "prompt_eval_count"), Number(last, "prompt_eval_duration"));
        Phase("eval", Number(last, "eval_count"), Number(last, "eval_duration"));
        return text.ToString();

        void Phase(string name, long tokens, long nanoseconds)
        {
            if (tokens > 0)
                Line(name + " count", string.Create(CultureInfo.InvariantCulture, $"{tokens} token(s)"));
            Duration(name + " duration", nanoseconds);
            if (tokens > 0 && nanoseconds > 0)
                Line(name + " rate", string.Create(CultureInfo.InvariantCulture, $"{tokens / (nanoseconds / 1e9):0.00} tokens/s"));
        }

        void Duration(string name, long nanoseconds)
        {
            if (nanoseconds > 0)
                Line(name, Words.Duration(nanoseconds));
        }

        void Line(string name, string value) => text.Append((name + ":").PadRight(NameWidth)).Append(value).Append('\n');
    }

    private static long Number(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement number) && number.TryGetInt64(out long value) ? value : 0;
}
