using System.Globalization;
using RkLlama.Attack.Attacks;

namespace RkLlama.Attack;

/// <summary>Runs all attacks, each against a new server, so that memory and CPU time belong to one attack.</summary>
internal static class AttackRun
{
    // About 600 connections of an attack, here and in the server, and those of the other clients.
    private const int NeededDescriptors = 1024;

    private static readonly Attack[] Attacks =
    [
        .. PromptAttacks.All, .. JsonAttacks.All, .. SchemaAttacks.All, .. ModelAttacks.All, .. ConnectionAttacks.All, .. WireAttacks.All, .. StreamAttacks.All,
    ];

    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(AttackOptions options)
    {
        int passed = 0, failed = 0, skipped = 0;
        using MemoryLimit limit = MemoryLimit.Create(options.LimitMiB);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Duration.TotalSeconds:0} s per attack, {Environment.ProcessorCount} cores, memory limit of server and workers {limit.Description}"));
        Console.WriteLine(AttackResult.Header);
        foreach (Attack attack in Attacks.Where(attack => attack.Name.Contains(options.Only, StringComparison.OrdinalIgnoreCase)))
        {
            if (attack.NeedsConnections && DescriptorLimit() < NeededDescriptors)
            {
                Console.WriteLine($"{attack.Name}: skipped, needs {NeededDescriptors} descriptors");
                skipped++;
                continue;
            }

            AttackResult result = await RunOneAsync(options, limit, attack).ConfigureAwait(false);
            Console.WriteLine(result.Line);
            if (result.Failures.Length == 0)
                passed++;
            else
                failed++;
        }

        Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
        return failed == 0 && passed > 0 ? 0 : 1;
    }

    private static async Task<AttackResult> RunOneAsync(AttackOptions options, MemoryLimit limit, Attack attack)
    {
        try
        {
            AttackServer server = await AttackServer.StartAsync(options, limit, attack).ConfigureAwait(false);
            await using (server.ConfigureAwait(false))
                return await new AttackSession(options, server, attack).RunAsync().ConfigureAwait(false);
        }
        catch (Exception ex)
        {
            return AttackResult.Broken(attack.Name, ex);
        }
    }

    private static int DescriptorLimit()
    {
        string line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        string hard = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4];
        return hard == "unlimited" ? int.MaxValue : (int)Math.Min(int.MaxValue, long.Parse(hard, CultureInfo.InvariantCulture));
    }
}
