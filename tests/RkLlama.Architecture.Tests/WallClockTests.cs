using System.Text.RegularExpressions;

namespace RkLlama.Architecture.Tests;

/// <summary>
/// The wall clock may be set forward or back at any time, for example when a board without a clock battery gets the time from the network. So waits and ages
/// are measured by the monotonic clock, and the wall clock is only shown.
/// </summary>
public sealed partial class WallClockTests
{
    /// <summary>The files that may read the wall clock, and what for.</summary>
    private static readonly Dictionary<string, string> Allowed = new()
    {
        ["RkLlama.Cli/Chat/Conversation.cs"] = "shows the age of models",
        ["RkLlama.Cli/Models/ListCommands.cs"] = "shows the age of models",
        ["RkLlama.Engine/Diagnostics/FaultLog.cs"] = "shows the time of the last fault",
        ["RkLlama.Engine/Models/FileCache.cs"] = "compares with the time stamp of a file; a wrong time only makes it read the file again",
        ["RkLlama.Engine/Prefixes/PrefixStore.cs"] = "time stamp of the last use of a file; a wrong time only changes which file is deleted first",
        ["RkLlama.Engine/Stored/AnswerStore.cs"] = "age of stored answers, which outlive the process; a wrong time only deletes them earlier or later",
        ["RkLlama.Hub/Hubs/HubConnection.Errors.cs"] = "reads a Retry-After with a date; the wait has a limit",
        ["RkLlama.Prompts/Jinja/Template.cs"] = "strftime_now of templates",
        ["RkLlama.Server/Api/Ollama/Models/OllamaModelEndpoints.cs"] = "shows when a model is unloaded",
        ["RkLlama.Server/Api/Ollama/OllamaWriters.cs"] = "shows when an answer was created",
        ["RkLlama.Server/Api/OpenAi/OpenAiApi.cs"] = "shows when an answer was created",
        ["RkLlama.Server/Api/OpenAi/Conversations/ConversationEndpoints.cs"] = "shows when a conversation was created",
        ["RkLlama.Server/Api/OpenAi/Responses/ResponseEndpoints.cs"] = "shows when an answer was created",
        ["RkLlama.Server/Http/Results/ResumableStreams.cs"] = "shows when a stream has started and ended",
        ["RkLlama.Server/Api/Node/DoctorReader.cs"] = "shows when the checks ran",
        ["RkLlama.Server/Api/Node/StatusReader.cs"] = "shows the clock of the node",
        ["RkLlama.Server/Monitoring/ActiveRequests.cs"] = "shows when a request arrived",
        ["RkLlama.Server/Monitoring/NodeSampler.cs"] = "shows when a sample was taken",
        ["RkLlama.Server/Hosting/AsyncLogSink.cs"] = "time of a log line",
    };

    [Fact]
    public void Only_time_stamps_are_read_from_the_wall_clock()
    {
        string source = Path.Join(RepositoryRoot.Path, "src");

        IEnumerable<string> files =
            from path in Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            where WallClock.IsMatch(File.ReadAllText(path))
            select Path.GetRelativePath(source, path);

        files.Should().BeEquivalentTo(Allowed.Keys);
    }

    [GeneratedRegex(@"\b(GetUtcNow|GetLocalNow|UtcNow|DateTime\.Now|DateTime\.Today|DateTimeOffset\.Now)\b")]
    private static partial Regex WallClock { get; }
}
