using System.Globalization;
using RkLlama.Attack.Attacks;

namespace RkLlama.Attack;

/// <summary>Runs all attacks, each against a new server, so that memory and CPU time belong to one attack.</summary>
internal static class AttackRun
{
    // About 600 connections of an attack, here and in the server, and those of the other clients.
    private const int NeededDescriptors = 1024;

    private const int MaxRunning = 8;

    private static IEnumerable<Attack> Attacks =>
    [
        .. PromptAttacks.All, .. JsonAttacks.All, .. SchemaAttacks.All, .. ModelAttacks.All, .. ConnectionAttacks.All, .. WireAttacks.All, .. StreamAttacks.All,
        .. PullAttacks.All, .. ChangeAttacks.All, .. RuntimeAttacks.All,
    ];

    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(AttackOptions options)
    {
        int passed = 0, failed = 0, skipped = 0;
        using (MemoryLimit limit = MemoryLimit.Create(options.LimitMiB))
        {
            Console.WriteLine(
                $"{options.Duration.TotalSeconds:0} s per attack, {Environment.ProcessorCount} cores, limit for a server with its workers: {limit.Description}; columns: RSS of the server process in MiB, latency in ms, work and stop in s");
        }

        Console.WriteLine(AttackResult.Header);
        Queue<Task<AttackResult>> running = new();
        foreach (Attack attack in Attacks.Where(attack => attack.Name.Contains(options.Only, StringComparison.OrdinalIgnoreCase)))
        {
            if (attack.NeedsConnections && DescriptorLimit() < NeededDescriptors)
            {
                Console.WriteLine($"{attack.Name}: skipped, needs {NeededDescriptors} descriptors");
                skipped++;
                continue;
            }

            // The server of an attack idles for 10 s before its last measurement. The next attack need not wait for this.
            TaskCompletionSource isIdle = new(TaskCreationOptions.RunContinuationsAsynchronously);
            running.Enqueue(RunOneAsync(options, attack, isIdle));
            await isIdle.Task.ConfigureAwait(false);
            await PrintAsync(MaxRunning).ConfigureAwait(false);
        }

        await PrintAsync(0).ConfigureAwait(false);
        Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
        return failed == 0 && passed > 0 ? 0 : 1;

        // Prints the results that are there, in order, and waits until at most this number of servers runs.
        async Task PrintAsync(int most)
        {
            while (running.TryPeek(out Task<AttackResult>? first) && (first.IsCompleted || running.Count > most))
            {
                AttackResult result = await running.Dequeue().ConfigureAwait(false);
                Console.WriteLine(result.Line);
                if (result.Failures.Length == 0)
                    passed++;
                else
                    failed++;
            }
        }
    }

    /// <param name="isIdle">Completed when the server has no more work.</param>
    private static async Task<AttackResult> RunOneAsync(AttackOptions options, Attack attack, TaskCompletionSource isIdle)
    {
        try
        {
            AttackServer server = await AttackServer.StartAsync(options, attack).ConfigureAwait(false);
            await using (server.ConfigureAwait(false))
                return await new AttackSession(options, server, attack).RunAsync(isIdle).ConfigureAwait(false);
        }
        catch (Exception ex)
        {
            return AttackResult.Broken(attack.Name, ex);
        }
        finally
        {
            isIdle.TrySetResult();
        }
    }

    private static int DescriptorLimit()
    {
        string line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        string hard = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4];
        return hard == "unlimited" ? int.MaxValue : (int)Math.Min(int.MaxValue, long.Parse(hard, CultureInfo.InvariantCulture));
    }
}
