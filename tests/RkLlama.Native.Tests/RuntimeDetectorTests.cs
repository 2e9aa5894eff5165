using RkLlama.Native.Interop;

namespace RkLlama.Native.Tests;

/// <summary>The evidence determines the ABI group. Without sufficient evidence, the library is refused.</summary>
public sealed class RuntimeDetectorTests
{
    private static readonly RuntimeEvidence Symbols11 = new()
    {
        HasRunAsync = true,
        HasClearKvCache = false,
        HasKvCacheSizeAndTools = false,
        Marker = null,
        KnownFile = null,
        Defaults = DefaultsFingerprint.Inconclusive,
    };

    private static readonly RuntimeEvidence Symbols120 = Symbols11 with { HasClearKvCache = true };

    private static readonly RuntimeEvidence SymbolsNew = Symbols120 with { HasKvCacheSizeAndTools = true };

    [Fact]
    public void Symbols_alone_identify_1_1_and_1_2_0()
    {
        Identify(Symbols11).Family.Should().Be(RuntimeFamily.V11);
        Identify(Symbols120).Family.Should().Be(RuntimeFamily.V120);
    }

    [Fact]
    public void Version_1_0_is_refused()
    {
        Refused(Symbols11 with { HasRunAsync = false }).Should().Contain("1.0.x");
    }

    [Theory]
    [InlineData("1.2.1", RuntimeFamily.V121)]
    [InlineData("1.2.3", RuntimeFamily.V121)]
    [InlineData("1.3.0", RuntimeFamily.V130)]
    [InlineData("1.3.1", RuntimeFamily.V131)]
    public void The_marker_distinguishes_versions_with_equal_symbols(string marker, RuntimeFamily expected)
    {
        RuntimeIdentity identity = Identify(SymbolsNew with { Marker = marker });

        identity.Family.Should().Be(expected);
        identity.Version.Should().Be(marker);
        identity.Warning.Should().BeNull();
    }

    [Fact]
    public void A_known_file_hash_identifies_the_version()
    {
        Identify(SymbolsNew with { KnownFile = "1.2.2" }).Version.Should().Be("1.2.2");
    }

    [Fact]
    public void Default_parameters_identify_the_group_but_not_the_version()
    {
        RuntimeIdentity v12 = Identify(SymbolsNew with { Defaults = DefaultsFingerprint.V12 });
        RuntimeIdentity v13 = Identify(SymbolsNew with { Defaults = DefaultsFingerprint.V13 });

        v12.Should().Match<RuntimeIdentity>(identity => identity.Family == RuntimeFamily.V121 && identity.Version == null);
        v13.Should().Match<RuntimeIdentity>(identity => identity.Family == RuntimeFamily.V130 && identity.Version == null);
    }

    [Fact]
    public void Insufficient_evidence_is_refused_with_a_hint_at_the_override()
    {
        Refused(SymbolsNew).Should().Contain("RKLLAMA_RUNTIME_VERSION");
    }

    [Fact]
    public void Contradictory_evidence_is_refused_with_a_hint_at_the_override()
    {
        Refused(SymbolsNew with { Marker = "1.3.0", Defaults = DefaultsFingerprint.V12 }).Should().Contain("contradicts").And.Contain("RKLLAMA_RUNTIME_VERSION");
        Refused(Symbols120 with { Marker = "1.2.3" }).Should().Contain("contradicts");
        Refused(Symbols11 with { Defaults = DefaultsFingerprint.V13 }).Should().Contain("contradicts");
    }

    [Fact]
    public void A_newer_marker_with_matching_defaults_is_accepted_with_a_warning()
    {
        RuntimeIdentity identity = Identify(SymbolsNew with { Marker = "9.9.9", Defaults = DefaultsFingerprint.V13 });

        identity.Family.Should().Be(RuntimeFamily.V131);
        identity.Warning.Should().Contain("9.9.9");
    }

    [Fact]
    public void A_newer_marker_without_matching_defaults_is_refused()
    {
        Refused(SymbolsNew with { Marker = "9.9.9" }).Should().Contain("RKLLAMA_RUNTIME_VERSION");
        Refused(SymbolsNew with { Marker = "9.9.9", Defaults = DefaultsFingerprint.V12 }).Should().Contain("RKLLAMA_RUNTIME_VERSION");
    }

    [Fact]
    public void The_override_has_priority_over_the_evidence()
    {
        RuntimeIdentity identity = Identify(SymbolsNew with { Marker = "1.3.0" }, "1.2.3");

        identity.Family.Should().Be(RuntimeFamily.V121);
        identity.Version.Should().Be("1.2.3");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("1.0.1")]
    [InlineData("1.1.9")]
    public void An_override_that_is_not_a_supported_version_is_refused(string text)
    {
        Action identify = () => RuntimeDetector.Detect(SymbolsNew, text);

        identify.Should().Throw<RkllmException>().WithMessage($"*{text}*");
    }

    private static RuntimeIdentity Identify(RuntimeEvidence evidence, string? operatorOverride = null) =>
        RuntimeDetector.Detect(evidence, operatorOverride);

    private static string Refused(RuntimeEvidence evidence)
    {
        Action identify = () => RuntimeDetector.Detect(evidence, null);
        return identify.Should().Throw<RkllmException>().Which.Message;
    }
}
