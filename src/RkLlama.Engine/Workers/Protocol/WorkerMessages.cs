using System.Text.Json.Serialization;
using RkLlama.Engine.Diagnostics;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Protocol;

/// <summary>Open and identify the library, load nothing.</summary>
internal sealed record ProbeCommand(string LibraryPath, string? VersionOverride);

/// <summary>What the library is, as far as it can be told without a model.</summary>
internal sealed record RuntimeInfo(RuntimeFamily Family, string? Version, string Description, string Evidence, string? Warning)
{
    internal static RuntimeInfo From(RuntimeIdentity identity) =>
        new(identity.Family, identity.Version, identity.Description, identity.Evidence, identity.Warning);
}

internal sealed record LoadCommand(
    string LibraryPath,
    string? VersionOverride,
    string ModelPath,
    int MaxContextLength,
    int MaxNewTokens,
    SamplingParameters Sampling,
    bool ReusesKvCache,
    bool KeepsChatTemplate);

internal sealed record LoadedReply(RuntimeInfo Runtime, bool HasPerRunSampling, bool ChatTemplateDisabled);

/// <summary>The answer to a probe or load that failed. The text that the library printed is in the log lines.</summary>
/// <param name="Code">Null if only the log lines tell the cause.</param>
internal sealed record FailedReply(string Message, FailureCode? Code)
{
    internal static FailedReply From(RkllmException failure) => new(failure.Message, failure.Code switch
    {
        RkllmErrorCode.LibraryNotLoadable => FailureCode.LibraryNotLoadable,
        RkllmErrorCode.LibraryDependencyMissing => FailureCode.LibraryDependencyMissing,
        RkllmErrorCode.LibraryNotIdentified => FailureCode.LibraryNotIdentified,
        _ => null,
    });
}

internal sealed record RunCommand(int Id, GenerationInput Input, RunParameters Parameters);

/// <param name="IsMean">The mean of all tokens' hidden states; otherwise the last one's.</param>
internal sealed record EmbedCommand(int Id, GenerationInput Input, bool IsMean);

internal sealed record EndedReply(int Id, GenerationEnd End);

internal static class GenerationEnds
{
    /// <summary>
    /// Whether what the library printed during the run belongs to its end: the run failed, or it said nothing, which is how some failures look. Both
    /// ends of the pipe ask this.
    /// </summary>
    internal static bool NeedsExplanation(this GenerationEnd end) => end.Reason == RunEndReason.Error || (end.Reason == RunEndReason.Stop && end.TokenCount == 0);
}

/// <summary>The JSON of the pipe between server and worker. Both ends are the same executable, so it needs no versions.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProbeCommand))]
[JsonSerializable(typeof(RuntimeInfo))]
[JsonSerializable(typeof(LoadCommand))]
[JsonSerializable(typeof(LoadedReply))]
[JsonSerializable(typeof(FailedReply))]
[JsonSerializable(typeof(RunCommand))]
[JsonSerializable(typeof(EmbedCommand))]
[JsonSerializable(typeof(EndedReply))]
internal sealed partial class WorkerJson : JsonSerializerContext;
