namespace RkLlama.Native.Interop;

/// <summary>
/// Determines the ABI group of a library. If the operator configured a version, only that version counts. Otherwise each source of evidence votes for one
/// or more groups, and the result must be in every vote. The detection prefers an error to a guess, because a wrong group crashes the vendor library.
/// </summary>
internal static class RuntimeDetector
{
    internal const string OverrideVariable = "RKLLAMA_RUNTIME_VERSION";

    private const string HowToOverride = $"set {OverrideVariable} (for example 1.2.3 or 1.3.0) to the version you installed";

    /// <param name="operatorOverride">The version that the operator configured; null or blank for none.</param>
    /// <exception cref="RkllmException">The library is too old or unknown, the votes contradict each other, or the configured version is not
    /// supported.</exception>
    internal static RuntimeIdentity Detect(RuntimeEvidence evidence, string? operatorOverride)
    {
        if (!string.IsNullOrWhiteSpace(operatorOverride))
            return FromOperator(operatorOverride.Trim());

        if (!evidence.HasRunAsync)
            throw new RkllmException("This is an RKLLM 1.0.x runtime, which is not supported: install 1.1.0 or later (models must be converted again for it).");

        List<Vote> votes = [.. Votes(evidence)];
        if (votes.Find(vote => vote.Families.Length == 0) is { } refused)
            throw new RkllmException($"The RKLLM runtime is not supported: {refused.Source}.");

        RuntimeFamily[] agreed = [.. votes.Aggregate(Enum.GetValues<RuntimeFamily>().AsEnumerable(), (left, vote) => left.Intersect(vote.Families))];
        if (agreed.Length == 0)
            throw new RkllmException($"The RKLLM runtime contradicts itself ({Describe(votes)}): {HowToOverride}.");

        // 1.2.1 and 1.3.x export the same symbols. Without further evidence they cannot be distinguished.
        if (agreed.Contains(RuntimeFamily.V121) && agreed.Length > 1)
            throw new RkllmException($"The RKLLM runtime cannot be distinguished from versions with the same symbols ({Describe(votes)}): {HowToOverride}.");

        string? version = evidence.KnownFile ?? evidence.Marker;
        string? warning = version is not null && RuntimeVersion.TryParse(version, out RuntimeVersion parsed) && parsed.Family is null
            ? $"RKLLM runtime {version} is newer than any version this program knows; it is driven as {(agreed[^1] == RuntimeFamily.V121 ? "1.2.3" : "1.3.1")}."
            : null;
        return new(agreed[^1] == RuntimeFamily.V131 && version is null ? RuntimeFamily.V130 : agreed[^1], version, Describe(votes), warning);
    }

    private static RuntimeIdentity FromOperator(string text)
    {
        if (!RuntimeVersion.TryParse(text, out RuntimeVersion version))
            throw new RkllmException($"{OverrideVariable}={text} is not a version such as 1.2.3.");
        if (version.IsTooOld)
            throw new RkllmException($"{OverrideVariable}={text}: RKLLM 1.0.x is not supported.");

        RuntimeFamily family = version.Family ?? (version.IsUnknownNewer
            ? RuntimeFamily.V131
            : throw new RkllmException($"{OverrideVariable}={text}: unknown version; the known versions are 1.1.0 to 1.1.4, 1.2.0 to 1.2.3, 1.3.0 and 1.3.1."));
        string? warning = version.Family is null ? $"RKLLM runtime {text} is newer than any version this program knows; it is driven as 1.3.1." : null;
        return new(family, version.ToString(), OverrideVariable, warning);
    }

    private sealed record Vote(string Source, RuntimeFamily[] Families);

    private static IEnumerable<Vote> Votes(RuntimeEvidence evidence)
    {
        yield return new("symbols", (evidence.HasClearKvCache, evidence.HasKvCacheSizeAndTools) switch
        {
            (false, _) => [RuntimeFamily.V11],
            (true, false) => [RuntimeFamily.V120],
            _ => [RuntimeFamily.V121, RuntimeFamily.V130, RuntimeFamily.V131],
        });

        if (evidence.Marker is not null)
            yield return VersionVote("marker", evidence.Marker, evidence.Defaults);

        if (evidence.KnownFile is not null)
            yield return VersionVote("file hash", evidence.KnownFile, evidence.Defaults);

        switch (evidence.Defaults)
        {
            case DefaultsFingerprint.V11:
                yield return new("defaults 1.1", [RuntimeFamily.V11]);
                break;
            case DefaultsFingerprint.V12:
                yield return new("defaults 1.2", [RuntimeFamily.V120, RuntimeFamily.V121]);
                break;
            case DefaultsFingerprint.V13:
                yield return new("defaults 1.3", [RuntimeFamily.V130, RuntimeFamily.V131]);
                break;
        }
    }

    /// <summary>
    /// Returns the vote of a version text; a vote for no group if the version is not supported. A version that belongs to no group is accepted in two cases
    /// only: 1.2.x if the default parameters have layout 1.2, and a version after 1.3.1 if they have layout 1.3.
    /// </summary>
    private static Vote VersionVote(string kind, string text, DefaultsFingerprint defaults)
    {
        string source = $"{kind} {text}";
        if (!RuntimeVersion.TryParse(text, out RuntimeVersion version))
            return new($"{source} is not a version", []);
        if (version.Family is { } family)
            return new(source, [family]);
        if (version.IsTooOld)
            return new($"{source} (1.0.x)", []);
        if (version.IsUnknownNewer && defaults == DefaultsFingerprint.V13)
            return new(source, [RuntimeFamily.V131]);
        if (version is { Major: 1, Minor: 2 } && defaults == DefaultsFingerprint.V12)
            return new(source, [RuntimeFamily.V121]);
        return new($"{source} is unknown; {HowToOverride}", []);
    }

    private static string Describe(List<Vote> votes) => string.Join(", ", votes.Select(vote => vote.Source));
}
