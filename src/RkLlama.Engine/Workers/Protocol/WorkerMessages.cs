using System.Text.Json.Serialization;
using RkLlama.Engine.Diagnostics;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Protocol;

/// <summary>Command: open and identify the vendor library without loading a model.</summary>
/// <param name="VersionOverride">The library's version, set by the operator; null to detect it.</param>
internal sealed record ProbeCommand(string LibraryPath, string? VersionOverride);

/// <summary>Command: open and identify the vendor library for the encoders of vision models.</summary>
internal sealed record EncoderProbeCommand(string LibraryPath);

/// <summary>Reply to a successful <see cref="EncoderProbeCommand"/>.</summary>
/// <param name="Version">The version; null if the library has no version marker.</param>
/// <param name="Warning">A warning for the operator; null for none.</param>
internal sealed record EncoderLibraryInfo(string? Version, string? Warning);

/// <summary>The fields of a <see cref="RuntimeIdentity"/>. The reply to a successful probe, and a part of the reply to a successful load.</summary>
internal sealed record RuntimeInfo(RuntimeFamily Family, string? Version, string Description, string Evidence, string? Warning)
{
    internal static RuntimeInfo From(RuntimeIdentity identity) =>
        new(identity.Family, identity.Version, identity.Description, identity.Evidence, identity.Warning);
}

/// <summary>Command: open the vendor library and load a model. The fields after VersionOverride are those of <see cref="ModelLoadParameters"/>.</summary>
internal sealed record LoadCommand(
    string LibraryPath,
    string? VersionOverride,
    string ModelPath,
    int MaxContextLength,
    int MaxNewTokens,
    SamplingParameters Sampling,
    bool ReusesKvCache,
    bool KeepsChatTemplate,
    int NpuDomain);

/// <summary>Reply to a successful load.</summary>
/// <param name="ChatTemplateDisabled">
/// False if the server asked to disable the runtime's chat template, but the runtime refused. True in all other cases.
/// </param>
internal sealed record LoadedReply(RuntimeInfo Runtime, bool HasPerRunSampling, bool ChatTemplateDisabled);

/// <summary>
/// Reply to a failed probe or load. Does not contain the error text of the library. The library only prints this text, so the server reads it from the log of
/// the worker.
/// </summary>
/// <param name="Code">The cause; null if the worker does not know it. Then the server derives it from the error text of the library.</param>
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

/// <summary>Command: start a run.</summary>
/// <param name="Id">The id of the run, at least 1. No other run or embedding of this worker has the same id.</param>
/// <param name="ClearsCache">Whether the KV cache is cleared before the run.</param>
internal sealed record RunCommand(int Id, RunInput Input, RunParameters Parameters, bool ClearsCache);

/// <summary>Command: compute an embedding.</summary>
/// <param name="Id">As in <see cref="RunCommand"/>.</param>
/// <param name="IsMean">True for the mean of the hidden states of all tokens, false for the hidden state of the last token.</param>
internal sealed record EmbedCommand(int Id, RunInput Input, bool IsMean);

/// <summary>Command: compute the logits of some tokens as the next token.</summary>
/// <param name="Id">As in <see cref="RunCommand"/>.</param>
/// <param name="Tokens">Ids of the tokens, at least one.</param>
/// <param name="ClearsCache">Whether the KV cache is cleared before the run.</param>
/// <param name="KeepsCache">Whether the KV cache is kept after the run.</param>
internal sealed record ScoreCommand(int Id, RunInput Input, int[] Tokens, bool ClearsCache, bool KeepsCache);

/// <summary>Command: process a prefix, and save the KV cache to a file.</summary>
/// <param name="Id">As in <see cref="RunCommand"/>.</param>
internal sealed record SavePrefixCommand(int Id, int[] Tokens, string Path);

/// <summary>Command: read a prompt cache file. Sent at most once, after the load and before the first run.</summary>
/// <param name="Tokens">The tokens that the file may contain.</param>
internal sealed record LoadPrefixCommand(string Path, int[] Tokens);

/// <summary>Reply to <see cref="LoadPrefixCommand"/>.</summary>
/// <param name="IsLoaded">False if the library refused the file.</param>
internal sealed record PrefixLoadedReply(bool IsLoaded);

/// <summary>
/// Reply to <see cref="RunCommand"/>, <see cref="EmbedCommand"/>, <see cref="ScoreCommand"/> and <see cref="SavePrefixCommand"/>: the run has ended.
/// </summary>
internal sealed record EndedReply(int Id, RunEnd End);

internal static class RunEndExtensions
{
    /// <summary>
    /// Whether the text that the library printed during the run may contain the cause of the end of the run. True if the run failed. Also true if the run
    /// stopped without a token, because some failures look like that. If true, the worker prints a log mark (<c>WorkerProgram.LogMark</c>) before the reply,
    /// and the server waits for this mark.
    /// </summary>
    internal static bool NeedsExplanation(this RunEnd end) => end.Reason == RunEndReason.Error || (end.Reason == RunEndReason.Stop && end.TokenCount == 0);
}

/// <summary>Serializes the JSON in frames. The format has no version number, because server and worker are the same executable.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProbeCommand))]
[JsonSerializable(typeof(EncoderProbeCommand))]
[JsonSerializable(typeof(EncoderLibraryInfo))]
[JsonSerializable(typeof(RuntimeInfo))]
[JsonSerializable(typeof(LoadCommand))]
[JsonSerializable(typeof(LoadedReply))]
[JsonSerializable(typeof(FailedReply))]
[JsonSerializable(typeof(RunCommand))]
[JsonSerializable(typeof(EmbedCommand))]
[JsonSerializable(typeof(ScoreCommand))]
[JsonSerializable(typeof(SavePrefixCommand))]
[JsonSerializable(typeof(LoadPrefixCommand))]
[JsonSerializable(typeof(PrefixLoadedReply))]
[JsonSerializable(typeof(EndedReply))]
internal sealed partial class WorkerJson : JsonSerializerContext;
