using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Cli.Bench;

/// <summary>The result of <c>rkllama bench</c>.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Runtime">Version of the vendor library; <see langword="null"/> if unknown.</param>
/// <param name="Driver">Version of the NPU driver; <see langword="null"/> if unknown.</param>
/// <param name="Platform">The chip, such as <c>rk3588</c>; <see langword="null"/> if unknown.</param>
/// <param name="LoadMs">Load time of the model in ms; <see langword="null"/> if the model was already loaded.</param>
/// <param name="Rows">One row for each prompt length that was measured.</param>
/// <param name="Vendor">The comparison with the vendor's figure; <see langword="null"/> if there is no figure.</param>
/// <param name="NoVendorFigure">Why there is no comparison; <see langword="null"/> if there is one.</param>
/// <param name="LowClocks">Clocks that ran below 90 % of their maximum frequency, each as a text with both frequencies.</param>
/// <param name="Skipped">Prompt lengths that were not measured, each as a text with the reason.</param>
internal sealed record BenchReport(
    string Model,
    string? Runtime,
    string? Driver,
    string? Platform,
    double? LoadMs,
    IReadOnlyList<BenchRow> Rows,
    BenchComparison? Vendor,
    string? NoVendorFigure,
    IReadOnlyList<string> LowClocks,
    IReadOnlyList<string> Skipped)
{
    internal string ToText()
    {
        StringBuilder text = new();
        Line($"{Model} on RKLLM {Runtime ?? "unknown"}, driver {Driver ?? "unknown"}, {Platform ?? "platform unknown"}{(LoadMs is { } load ? FormattableString.Invariant($"; loaded in {load / 1000:0.0} s") : "")}");
        Line($"{"prompt",8} {"prefill",11} {"prefill",13} {"output",8} {"decode",11} {"decode",13}");
        Line($"{"tokens",8} {"ms",11} {"tokens/s",13} {"tokens",8} {"ms/token",11} {"tokens/s",13}");
        foreach (BenchRow row in Rows)
        {
            string each = row.OutputTokens > 1 ? (row.DecodeMs / (row.OutputTokens - 1)).ToString("0.0", CultureInfo.InvariantCulture) : "-";
            Line($"{row.PromptTokens,8} {row.PrefillMs,11:0.0} {row.PrefillTokensPerSecond,13:0.0} {row.OutputTokens,8} {each,11} {row.DecodeTokensPerSecond,13:0.00}");
        }

        foreach (string skipped in Skipped)
            Line($"not measured: {skipped}");
        Line(Vendor is { } vendor
            ? (FormattableString)$"vendor: {vendor.Model}, runtime {vendor.Runtime}, {vendor.PromptTokens} prompt tokens: first token after {vendor.FirstTokenMs:0} ms, {vendor.TokensPerSecond:0.00} tokens/s"
            : $"no comparison: {NoVendorFigure}");
        if (Vendor is { DecodePercent: var decode, PrefillPercent: var prefill })
            Line($"this node: {decode:0} % of the vendor's decode speed{(prefill is { } percent ? FormattableString.Invariant($", {percent:0} % of its prefill speed") : "")}");
        if (LowClocks.Count > 0)
            Line($"low clocks: {string.Join(", ", LowClocks)}; run 'rkllama tune', then measure again");
        return text.ToString();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }
}

/// <summary>
/// A vendor figure, and the measured speed in percent of this figure. Of the measured rows, the one whose prompt length is nearest to the vendor's is compared.
/// </summary>
/// <param name="Model">The vendor's name of the model.</param>
/// <param name="Runtime">The runtime release that the vendor measured.</param>
/// <param name="PromptTokens">The vendor's prompt length.</param>
/// <param name="FirstTokenMs">The vendor's time to first token, in ms.</param>
/// <param name="TokensPerSecond">The vendor's decode rate.</param>
/// <param name="DecodePercent">Decode rate in percent of the vendor's.</param>
/// <param name="PrefillPercent">
/// Prefill rate in percent of the vendor's; <see langword="null"/> if the row's prompt length differs by more than 25 % from the vendor's.
/// </param>
internal sealed record BenchComparison(
    string Model, string Runtime, int PromptTokens, double FirstTokenMs, double TokensPerSecond, double DecodePercent, double? PrefillPercent)
{
    /// <summary>Compares measured rows with a vendor figure.</summary>
    /// <param name="rows">The measured rows, at least one.</param>
    internal static BenchComparison From(VendorFigure figure, IReadOnlyList<BenchRow> rows)
    {
        BenchRow nearest = rows.MinBy(row => Math.Abs(row.PromptTokens - figure.PromptTokens))!;
        bool isNear = Math.Abs(nearest.PromptTokens - figure.PromptTokens) <= figure.PromptTokens / 4;
        double rate = figure.PromptTokens / figure.FirstTokenMs * 1000;
        return new(
            figure.Model, figure.Runtime, figure.PromptTokens, figure.FirstTokenMs, figure.TokensPerSecond,
            Math.Round(nearest.DecodeTokensPerSecond / figure.TokensPerSecond * 100, 1),
            isNear ? Math.Round(nearest.PrefillTokensPerSecond / rate * 100, 1) : null);
    }
}

internal sealed record BenchRequest(string Model, string Prompt, bool Raw, bool Stream, BenchOptions Options);

internal sealed record BenchOptions(int NumPredict);

/// <summary>JSON serialization of the requests to the server and of the output of <c>--json</c>.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(BenchRequest))]
internal sealed partial class BenchJson : JsonSerializerContext
{
    /// <summary>The instance to use. Writes most characters without <c>\u</c> escapes.</summary>
    internal static BenchJson Wire { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
