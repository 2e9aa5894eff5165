namespace RkLlama.Native.Tests;

public sealed class RuntimeIdentityTests
{
    [Theory]
    [InlineData(RuntimeFamily.V121, "1.2.2", true)]
    [InlineData(RuntimeFamily.V121, "1.3.0", false)]
    [InlineData(RuntimeFamily.V130, "1.3.1", true)]
    [InlineData(RuntimeFamily.V131, "1.4.0", true)]
    [InlineData(RuntimeFamily.V11, "1.2.0", false)]
    public void Accepts_compares_the_reported_version_with_the_group(RuntimeFamily family, string reported, bool accepted)
    {
        RuntimeIdentity.Accepts(family, reported).Should().Be(accepted);
    }
}
