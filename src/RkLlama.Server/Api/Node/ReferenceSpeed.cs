using System.Globalization;
using RkLlama.Cli.Bench;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Residency;

namespace RkLlama.Server.Api.Node;

/// <summary>Compares the speed of a model on this node with the vendor's figure.</summary>
internal static class ReferenceSpeed
{
    // The rate varies by some percent with the length of the context. A wrong clock costs at least a third.
    private const double SlowBelow = 0.7;

    private static readonly string[] Clocks = ["npu", "ddr"];

    /// <summary>Returns the comparison; null if the vendor has no figure for the model and the chip.</summary>
    internal static NodeReference? Compare(ModelInstance model, NodeReading reading)
    {
        string? runtime = model.Facts?.RuntimeVersion;
        VendorFigure? figure = VendorTable.Find(model.Name, reading.Platform, runtime, out _)
            ?? VendorTable.Find(Path.GetFileNameWithoutExtension(model.Entry.ModelPath), reading.Platform, runtime, out _);
        if (figure is null)
            return null;

        // Decode waits for the memory most of the time, and for the NPU otherwise. The slower one of both decides.
        ClockReading[] slow = [.. Clocks.Select(reading.Clock).Where(static clock => clock is { Hertz: not null, MaxHertz: not null } && clock.Hertz < clock.MaxHertz)];
        double ratio = slow.Select(static clock => (double)clock.Hertz!.Value / clock.MaxHertz!.Value).DefaultIfEmpty(1).Min();
        double? measured = StatusReader.RateOf(model.Pace.DecodePerToken);
        bool isSlow = measured < figure.TokensPerSecond * SlowBelow;
        return new(
            figure.Model,
            figure.Runtime,
            figure.TokensPerSecond,
            Math.Round(figure.TokensPerSecond * ratio, 2),
            measured,
            isSlow,
            isSlow ? ReasonOf(measured!.Value / figure.TokensPerSecond, slow) : null,
            !isSlow ? null : slow.Length > 0 ? "sudo rkllama tune" : "sudo rkllama doctor");
    }

    private static string ReasonOf(double share, ClockReading[] slow)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{share * 100:0} % of the vendor's speed");
        return slow.Length == 0
            ? $"{text}, although the clocks of the NPU and of the memory are at their maximum"
            : text + string.Concat(slow.Select(static clock => string.Create(
                CultureInfo.InvariantCulture, $"; the clock of the {(clock.Name == "ddr" ? "memory" : "NPU")} is {clock.Hertz / 1_000_000} of {clock.MaxHertz / 1_000_000} MHz")));
    }
}
