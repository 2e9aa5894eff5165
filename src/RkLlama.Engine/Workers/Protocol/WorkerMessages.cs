using System.Text.Json.Serialization;
using RkLlama.Engine.Diagnostics;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Protocol;

/// <summary>Open and identify the vendor library without loading a model.</summary>
/// <param name="VersionOverride">The library's version, set by the operator; null to detect it.</param>
internal sealed record ProbeCommand(string LibraryPath, string? VersionOverride);

/// <summary>The properties of the vendor library that can be detected without a model. The reply to a probe, and part of the reply to a load.</summary>
internal sealed record RuntimeInfo(RuntimeFamily Family, string? Version, string Description, string Evidence, string? Warning)
{
    internal static RuntimeInfo From(RuntimeIdentity identity) =>
        new(identity.Family, identity.Version, identity.Description, identity.Evidence, identity.Warning);
}

/// <summary>Open the vendor library and load a model.</summary>
internal sealed record LoadCommand(
    string LibraryPath,
    string? VersionOverride,
    string ModelPath,
    int MaxContextLength,
    int MaxNewTokens,
    SamplingParameters Sampling,
    bool ReusesKvCache,
    bool KeepsChatTemplate);

/// <summary>The model is loaded.</summary>
/// <param name="ChatTemplateDisabled">False if the runtime's chat template should have been disabled, but the runtime refused.</param>
internal sealed record LoadedReply(RuntimeInfo Runtime, bool HasPerRunSampling, bool ChatTemplateDisabled);

/// <summary>A probe or a load failed. The text that the library printed is not here, but in the worker's log lines.</summary>
/// <param name="Code">Null if the cause can only be found in the log lines.</param>
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

/// <summary>Start a run.</summary>
internal sealed record RunCommand(int Id, RunInput Input, RunParameters Parameters);

/// <summary>Compute an embedding.</summary>
/// <param name="IsMean">True for the mean of the hidden states of all tokens, false for the hidden state of the last token.</param>
internal sealed record EmbedCommand(int Id, RunInput Input, bool IsMean);

/// <summary>A run has ended.</summary>
internal sealed record EndedReply(int Id, RunEnd End);

internal static class RunEndExtensions
{
    /// <summary>
    /// Whether the text that the library printed during the run may explain its end. True if the run failed, or if it ended without a token, because some
    /// failures look like that. Server and worker must use the same rule: the worker then sends a log mark, and the server waits for it.
    /// </summary>
    internal static bool NeedsExplanation(this RunEnd end) => end.Reason == RunEndReason.Error || (end.Reason == RunEndReason.Stop && end.TokenCount == 0);
}

/// <summary>The JSON in frames between server and worker. It has no version, because both are the same executable.</summary>
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
