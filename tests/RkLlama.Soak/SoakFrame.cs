using System.Globalization;

namespace RkLlama.Soak;

/// <summary>Runs a soak and prints its result: starts the server, stops it at the end, and turns each exception into a failure.</summary>
internal static class SoakFrame
{
    internal static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(20);

    /// <summary>The soak is cancelled this long after its duration.</summary>
    private static readonly TimeSpan Overtime = TimeSpan.FromSeconds(60);

    /// <param name="kind">What the line of figures adds to the duration, for example <c> with 3 models</c>.</param>
    /// <param name="measure">Runs the clients. Returns the figures.</param>
    /// <param name="check">Checks what remains after the end of the server.</param>
    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(
        SoakOptions options,
        string kind,
        Func<Tally, CancellationToken, Task<SoakServer>> start,
        Func<SoakServer, Tally, CancellationToken, Task<string>> measure,
        Action<SoakServer, Tally> check)
    {
        Tally tally = new();
        string figures = "no server", log = "";
        using CancellationTokenSource stop = new(options.Duration + Overtime);
        try
        {
            SoakServer server = await start(tally, stop.Token).ConfigureAwait(false);
            await using (server.ConfigureAwait(false))
            {
                try
                {
                    figures = await measure(server, tally, stop.Token).ConfigureAwait(false);
                    await server.StopAsync(stop.Token).ConfigureAwait(false);
                    check(server, tally);
                }
                finally
                {
                    log = server.LastLog;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            tally.Fail($"the soak had not ended {Overtime.TotalSeconds:0} s after its duration");
        }
        catch (Exception ex)
        {
            tally.Fail(ex.ToString());
        }

        if (tally.HasFailed)
            Console.WriteLine($"{log}\n{tally.Failures()}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"soak of {options.Duration.TotalMinutes:0.##} minutes{kind}, seed {options.Seed}: {figures}"));
        Console.WriteLine(tally.HasFailed ? "0 passed, 1 failed" : "1 passed, 0 failed");
        return tally.HasFailed ? 1 : 0;
    }
}
