using System.Text;
using RkLlama.Native.Vision;

namespace RkLlama.Native.Tests.Vision;

public sealed class RknnLibraryTests
{
    [Theory]
    [InlineData("x librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27) y", "2.3.2")]
    [InlineData("librknnrt version: %s librknnrt version: 1.6.0\0", "1.6.0")]
    [InlineData("librknnrt version: 2.3.2", null)]
    [InlineData("RKNN Driver Information, version: 0.9.8", null)]
    public void FindMarker_returns_the_version_of_the_library(string file, string? expected) =>
        RknnLibrary.FindMarker(Encoding.ASCII.GetBytes(file)).Should().Be(expected);

    [Theory]
    [InlineData("1.6.0", null)]
    [InlineData("2.3.2", null)]
    [InlineData("2.4.1", "*newer than any version*")]
    [InlineData(null, "*no version marker*")]
    public void A_version_that_was_not_compared_gives_a_warning(string? marker, string? warning)
    {
        (string? version, string? actual) = RknnLibrary.Judge(marker);

        version.Should().Be(marker);
        if (warning is null)
            actual.Should().BeNull();
        else
            actual.Should().Match(warning);
    }

    [Fact]
    public void A_version_with_other_layouts_is_refused()
    {
        Action judge = () => RknnLibrary.Judge("1.5.2");

        judge.Should().Throw<RknnException>().WithMessage("*1.5.2 is too old*");
    }

    [Fact]
    public void A_missing_file_is_refused_with_the_reason()
    {
        Action load = () => RknnLibrary.Load("/nowhere/librknnrt.so");

        load.Should().Throw<RknnException>().WithMessage("*cannot open shared object*");
    }
}
