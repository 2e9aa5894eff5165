using System.Globalization;
using System.Text;
using RkLlama.Engine.Hardware;

namespace RkLlama.Cli.Npu;

/// <summary>Formats the state of the hardware as a table for a terminal.</summary>
internal static class NpuTable
{
    private const int BarWidth = 20;

    internal static string Format(NodeReading node)
    {
        StringBuilder table = new();
        Line(table, "platform", node.Platform ?? "unknown");
        Line(table, "driver", node.DriverVersion is { } version ? "rknpu " + version : "unknown");
        if (node.CoreLoads is { } loads)
        {
            for (int core = 0; core < loads.Count; core++)
                Line(table, loads.Count > 1 ? $"core {core}" : "load", $"{loads[core],3} %  {Bar(loads[core])}");
        }
        else
        {
            Line(table, "load", "unknown");
        }

        foreach (ClockReading clock in node.Clocks)
            Line(table, clock.Name, Describe(clock));
        foreach (TemperatureReading zone in node.Temperatures)
            Line(table, zone.Zone, string.Create(CultureInfo.InvariantCulture, $"{zone.Celsius,5:0.0} °C"));
        Line(table, "memory", node.Memory is { AvailableBytes: { } available, TotalBytes: { } total } ? $"{available >> 20} of {total >> 20} MiB available" : "unknown");
        foreach (MissingReading missing in node.Missing)
            table.Append("  ").Append(missing.Reading).Append(": ").Append(missing.Reason).Append('\n');
        return table.ToString();
    }

    private static void Line(StringBuilder table, string name, string value) => table.Append(name.PadRight(20)).Append(value).Append('\n');

    private static string Bar(int percent)
    {
        int filled = Math.Clamp((percent * BarWidth + 50) / 100, 0, BarWidth);
        return new string('#', filled) + new string('.', BarWidth - filled);
    }

    private static string Describe(ClockReading clock)
    {
        if (clock.Hertz is not { } hertz)
            return "unknown";
        string below = clock.MaxHertz is { } highest && highest > hertz ? $" of {Megahertz(highest)}" : "";
        return $"{Megahertz(hertz),4} MHz{below}{(clock.Governor is { } governor ? $"  ({governor})" : "")}";
    }

    private static long Megahertz(long hertz) => hertz / 1_000_000;
}
