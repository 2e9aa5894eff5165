using System.Globalization;
using RkLlama.Cli.Bench;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Residency;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Api.Node;

/// <summary>Compares the speed of this node with the vendor's figures. Thread-safe.</summary>
internal sealed class ReferenceSpeed(ModelHost host, MeasuredSpeeds speeds, ActiveRequests requests)
{
    // The rate varies by some percent with the length of the context. A wrong clock costs at least a third.
    private const double SlowBelow = 0.7;

    private static readonly string[] Clocks = ["npu", "ddr"];

    /// <summary>
    /// Returns the comparison for the current model if its rate is known, also from a run that is not over. Otherwise returns that for the model that has run
    /// last, also if it was unloaded.
    /// </summary>
    /// <returns><see langword="null"/> if the vendor has no figure for these models and the chip.</returns>
    internal NodeReference? Compare(NodeReading reading)
    {
        IReadOnlyList<MeasuredSpeed> measured = speeds.All;
        NodeReference? current = host.Current is { } model ? CompareCurrent(model, measured, reading) : null;
        return current is { MeasuredTokensPerSecond: not null }
            ? current
            : measured.Select(speed => Compare(speed.Model, speed.File, speed.Runtime, speed.TokensPerSecond, reading)).FirstOrDefault(static found => found is not null) ?? current;
    }

    private NodeReference? CompareCurrent(ModelInstance model, IReadOnlyList<MeasuredSpeed> measured, NodeReading reading)
    {
        MeasuredSpeed? last = measured.FirstOrDefault(speed => speed.Model == model.Name);
        double? rate = last?.TokensPerSecond ?? requests.CurrentRun(model.Name)?.Trace.CurrentDecodeRate;
        return Compare(model.Name, Path.GetFileNameWithoutExtension(model.Entry.ModelPath), model.Facts?.RuntimeVersion ?? last?.Runtime, rate, reading);
    }

    private static NodeReference? Compare(string model, string file, string? runtime, double? rate, NodeReading reading)
    {
        VendorFigure? figure = VendorTable.Find(model, reading.Platform, runtime, out _) ?? VendorTable.Find(file, reading.Platform, runtime, out _);
        if (figure is null)
            return null;

        // Decode waits for the memory most of the time, and for the NPU otherwise. The slower one of both decides.
        ClockReading[] low = [.. Clocks.Select(reading.Clock).Where(static clock => clock is { Hertz: not null, MaxHertz: not null } && clock.Hertz < clock.MaxHertz)];
        double ratio = low.Select(static clock => (double)clock.Hertz!.Value / clock.MaxHertz!.Value).DefaultIfEmpty(1).Min();
        bool isSlow = rate < figure.TokensPerSecond * SlowBelow;
        return new(
            model,
            figure.Model,
            figure.Runtime,
            figure.TokensPerSecond,
            Math.Round(figure.TokensPerSecond * ratio, 2),
            rate is { } known ? Math.Round(known, 2) : null,
            isSlow,
            isSlow ? CodeOf(low) : null,
            isSlow ? ReasonOf(rate!.Value, figure, low) : null,
            !isSlow ? null : low.Length > 0 ? "sudo rkllama tune" : "sudo rkllama doctor");
    }

    private static string CodeOf(ClockReading[] low) => low switch
    {
        [] => "unknown",
        [{ Name: "ddr" }] => "memory_clock",
        [_] => "npu_clock",
        _ => "npu_and_memory_clock",
    };

    private static string ReasonOf(double rate, VendorFigure figure, ClockReading[] low)
    {
        string text = string.Create(
            CultureInfo.InvariantCulture, $"{rate:0.0} tok/s is {rate / figure.TokensPerSecond * 100:0} % of the vendor's {figure.TokensPerSecond:0.0} tok/s at full clocks");
        return low.Length == 0
            ? $"{text}, although no clock of the NPU or of the memory is known to be below its maximum"
            : text + string.Concat(low.Select(static clock => string.Create(
                CultureInfo.InvariantCulture, $"; the clock of the {(clock.Name == "ddr" ? "memory" : "NPU")} is {clock.Hertz / 1_000_000} of {clock.MaxHertz / 1_000_000} MHz")));
    }
}
