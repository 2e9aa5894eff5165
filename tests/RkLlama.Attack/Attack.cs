namespace RkLlama.Attack;

/// <summary>One attack.</summary>
/// <param name="Name">What the clients do; at most 40 characters.</param>
/// <param name="RunAsync">Sends requests until the time of the attack is over.</param>
internal sealed record Attack(string Name, Func<AttackContext, Task> RunAsync)
{
    /// <summary>Adds models before the server starts. Receives the models directory and the directory of the demo model.</summary>
    internal Action<string, string>? Prepare { get; init; }

    /// <summary>Whether the attack consists of regular requests that use the runtime for seconds. Other requests then may wait for longer than the attack.</summary>
    internal bool UsesRuntime { get; init; }

    /// <summary>Whether the attack unloads models. Other requests then may fail, and are sent again.</summary>
    internal bool Unloads { get; init; }

    /// <summary>Whether the attack needs about 600 open connections.</summary>
    internal bool NeedsConnections { get; init; }

    /// <summary>Whether the output of the server is not read during the attack.</summary>
    internal bool LeavesLogUnread { get; init; }
}
